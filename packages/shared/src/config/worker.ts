/** `worker.yaml`: what a worker needs to know of itself and its masters. Text in, values or readable problems out. */
import type { Document } from 'yaml';
import * as z from 'zod';
import { messageOf, UserError } from '../errors.ts';
import { nearest } from '../text/nearest.ts';
import { nameSchema } from './master.ts';

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
});

/** `worker.yaml` with every default filled in. */
export type WorkerFile = z.infer<typeof workerFileSchema>;

interface Problem {
  /** The key that is wrong, `null` for the whole file. */
  key: string | null;
  message: string;
}

function problemOf(issue: z.core.$ZodIssue): Problem {
  if (issue.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    const near = nearest(key, Object.keys(workerFileSchema.shape));
    return { key, message: `unknown key "${key}"${near === undefined ? '' : `, did you mean "${near}"?`}` };
  }
  const key = issue.path[0] === undefined ? null : String(issue.path[0]);
  return { key, message: key === null ? issue.message : `${key}: ${issue.message}` };
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
  const { isMap, isScalar, LineCounter, parseDocument } = await import('yaml');
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
  const problem = issue === undefined ? { key: null, message: 'not a worker file' } : problemOf(issue);
  const root = document.contents;
  const pairs = isMap(root) ? root.items : [];
  const pair = pairs.find(({ key }) => isScalar(key) && String(key.value) === problem.key);
  const offset = isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
  throw fail(offset, problem.message);
}
