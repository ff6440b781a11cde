/** The process edge of `buildbot-master`: arguments, output, exit code. Nothing else of the master touches them. */
import { readFileSync } from 'node:fs';
import { ExternalError, UserError } from '@buildbot/shared/errors';
import { main } from './cli.ts';
import { ensureSmallHeap } from './small-heap.ts';

/** Print an error the way its kind asks for: what and what next for people, the stack for our own faults. */
function explain(error: unknown): string {
  if (error instanceof UserError || error instanceof ExternalError) {
    return `buildbot-master: ${error.message}\n${error.hint === undefined ? '' : `  ${error.hint}\n`}`;
  }
  return `buildbot-master: a bug, please report it\n${error instanceof Error ? error.stack : String(error)}\n`;
}

/** Run the command line of this process; `bin` is the program to start in the background. */
export async function runBin(bin: string): Promise<void> {
  if (process.argv[2] === 'run') ensureSmallHeap();
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    process.exitCode = await main(process.argv.slice(2), {
      out,
      bin,
      cwd: process.cwd(),
      version: manifest.version,
      exit: (code) => process.exit(code),
    });
  } catch (error) {
    process.stderr.write(explain(error));
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
  }
}
