/** `worker.yaml`: what a worker needs to know of itself and its masters. Text in, values or readable problems out. */
import * as z from 'zod';
import { checkData, type Fault } from './faults.ts';
import { ConfigError, problemIn } from './file-problem.ts';
import { nameSchema } from './master.ts';
import { workerAvailabilitySchema } from './worker-availability.ts';
import { readYaml } from './yaml-source.ts';

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

/** Finds what the schema cannot, in data of any shape. */
export type WorkerFileCheck = (data: unknown) => readonly Fault[] | Promise<readonly Fault[]>;

/**
 * Read the text of `worker.yaml`. Throws a `ConfigError` with all that is wrong, by the schema and by `check`, each with
 * its place in `file`.
 */
export async function parseWorkerFile(
  text: string,
  file: string,
  check: WorkerFileCheck = () => [],
): Promise<WorkerFile> {
  const read = await readYaml(text, file);
  if ('problems' in read) throw new ConfigError(read.problems);
  const { source } = read;
  const shape = checkData(workerFileSchema, source.data);
  const faults = [...(shape.ok ? [] : shape.faults), ...(await check(source.data))];
  if (shape.ok && faults.length === 0) return shape.value;
  throw new ConfigError(faults.map((fault) => problemIn({ file, source }, fault)));
}
