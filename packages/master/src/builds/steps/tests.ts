/**
 * The option `tests` of steps that run a command: where results of single tests are. Files are sent by the worker as a log of
 * their own, so that they are as durable as other logs, and people can read them.
 */
import { REPORT_LOG, TEST_FORMATS, workPathSchema } from '@buildbot/shared';
import * as z from 'zod';
import type { CommandResult, StepContext, TestReport } from '../../ports/recipe.ts';

/** Of all files together. */
const MOST_BYTES = 32 * 1024 * 1024;
const MOST_MS = 120_000;

const patternSchema = workPathSchema
  .min(1)
  .refine((path) => !/[\r\n]/.test(path), 'a path must be one line')
  .meta({ description: 'A path below workdir; `*`, `?` and `[…]` stand for what a shell takes them for.' });

/** Absent where a step tells nothing of its tests. */
export const testsOption = z
  .strictObject({
    format: z.enum(TEST_FORMATS).meta({ description: 'What they are written in.' }),
    files: z.array(patternSchema).min(1).max(50).optional().meta({
      description:
        'Files that the command leaves, for example [reports/*.xml]. Default: its output, the log stdio.',
    }),
  })
  .optional()
  .meta({ description: 'Where the results of single tests are. Default: nowhere.' });

export type Tests = NonNullable<z.output<typeof testsOption>>;

/**
 * Every file that one of the patterns stands for, behind a mark that no report holds and its path. Patterns are words of their own: none of
 * them is ever read as anything but a pattern.
 */
const SEND_FILES = `IFS=
for pattern; do for file in $pattern; do
  if [ -f "$file" ]; then printf '\\036%s\\n' "$file"; cat <"$file"; fi
done; done | head -c ${MOST_BYTES}`;

/** After the command: what it told of its tests, and where. Nothing for one that could not run. */
export async function reportOf(
  context: StepContext,
  { tests, workdir }: { tests: Tests; workdir: string },
  result: CommandResult,
): Promise<{ tests?: TestReport }> {
  if (result.status === 'failed') return {};
  const { format, files } = tests;
  const isCutShort = result.cause !== null || result.code === null;
  if (files === undefined) return { tests: { format, workdir, log: 'stdio', hasFiles: false, isCutShort } };
  const patterns = files.map((pattern) => context.interpolate(pattern));
  const command = ['sh', '-c', SEND_FILES, 'sh', ...patterns];
  const sending = { kind: 'exec', command, workdir, env: {}, maxTimeMs: MOST_MS } as const;
  await context.run(sending, { log: REPORT_LOG });
  return { tests: { format, workdir, log: REPORT_LOG, hasFiles: true, isCutShort } };
}
