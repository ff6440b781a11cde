/** `worker.yaml`: what a worker needs to know of itself and its masters. Text in, values or readable problems out. */
import type { Document } from 'yaml';
import * as z from 'zod';
import { messageOf, UserError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { nameSchema } from './master.ts';
import { workerAvailabilitySchema } from './worker-availability.ts';

export const workerFileSchema = z.strictObject({
  name: nameSchema.meta({ description: 'As in the configuration of the master.' }),
  master: z
    .string()
    .min(1)
    .meta({ description: 'ws://host:port or wss://host:port; several, separated by commas.' }),
  password: z.string().min(1).optional().meta({ description: 'Better in a file of its own: passwordFile.' }),
  passwordFile: z.string().min(1).optional().meta({ description: 'Below BASEDIR if relative; mode 0600.' }),
  admin: z
    .string()
    .max(1024)
    .optional()
    .meta({ description: 'Who looks after this machine, for people to see.' }),
  host: z.string().max(1024).optional().meta({ description: 'What this machine is, for people to see.' }),
  spoolMiB: z.number().int().min(1).max(1_048_576).default(1024).meta({
    description: 'Output that may wait on this disk for the master; when it is full, builds wait.',
  }),
  environment: z
    .array(z.string().min(1))
    .optional()
    .meta({
      description:
        'Variables of the worker that commands may see; LC_* means all that begin so. ' +
        'Default: PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_*, TZ, TMPDIR.',
    }),
  availability: workerAvailabilitySchema.prefault({}),
});

/** `worker.yaml` with every default filled in. */
export type WorkerFile = z.infer<typeof workerFileSchema>;

interface Problem {
  /** Where: keys and indexes from the top of the file. */
  path: readonly PropertyKey[];
  message: string;
}

interface JsonNode {
  items?: JsonNode;
  properties?: Record<string, JsonNode>;
}

/** Keys that the file may have at `path`. */
function keysAt(path: readonly PropertyKey[]): string[] {
  // JSON Schema is the one stable view into a zod schema, whatever wraps its objects.
  let node = workerFileSchema.toJSONSchema({ io: 'input', unrepresentable: 'any' }) as JsonNode | undefined;
  for (const key of path) node = typeof key === 'number' ? node?.items : node?.properties?.[String(key)];
  return Object.keys(node?.properties ?? {});
}

function problemOf({ path, message, ...issue }: z.core.$ZodIssue): Problem {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const near = nearest(key, keysAt(path));
    const hint = near === undefined ? '' : `, did you mean "${near}"?`;
    return { path: [...path, key], message: `unknown key "${key}"${hint}` };
  }
  return { path, message: path.length === 0 ? message : `${pathText(path)}: ${message}` };
}

/** `availability.calendar[0].from`. */
function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .slice(1);
}

/** Aliases are refused: a file of seven keys needs none, and they are how YAML becomes a bomb. */
function plainData(document: Document.Parsed, fail: (offset: number, message: string) => UserError): unknown {
  try {
    return document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    throw fail(0, `aliases (*name) are not allowed: ${messageOf(error)}`);
  }
}

/** Read the text of `worker.yaml`. Throws `UserError` naming `file`, line and what to do. */
export async function parseWorkerFile(text: string, file: string): Promise<WorkerFile> {
  const { isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } = await import('yaml');
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    schema: 'core',
    merge: false,
  });
  const fail = (offset: number, message: string) =>
    new UserError(`${file}:${lines.linePos(offset).line}: ${message}`);
  const fault = [...document.errors, ...document.warnings][0];
  if (fault !== undefined) throw fail(fault.pos[0], fault.message);
  const result = workerFileSchema.safeParse(plainData(document, fail) ?? {});
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const problem = issue === undefined ? { path: [], message: 'not a worker file' } : problemOf(issue);
  let node: unknown = document.contents;
  let offset = 0;
  for (const key of problem.path) {
    const pair = isMap(node)
      ? node.items.find((one) => isScalar(one.key) && one.key.value === key)
      : undefined;
    node = isSeq(node) ? node.items[Number(key)] : pair?.value;
    // Of a key that is missing, its nearest parent that is there.
    const found = isNode(pair?.key) ? pair.key : node;
    offset = (isNode(found) ? found.range?.[0] : undefined) ?? offset;
  }
  throw fail(offset, problem.message);
}
