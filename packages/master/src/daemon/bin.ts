/** The process edge of `buildbot-master`: arguments, output, exit code. Nothing else of the master touches them. */
import { readFileSync } from 'node:fs';
import { explainError, UserError } from '@buildbot/shared/errors';
import { main } from './cli.ts';
import { ensureSmallHeap } from './small-heap.ts';

/** Run the command line of this process; `bin` is the program to start in the background. */
export async function runBin(bin: string): Promise<void> {
  if (process.argv[2] === 'run') ensureSmallHeap();
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    process.exitCode = await main(process.argv.slice(2), {
      out,
      note: (line) => void process.stderr.write(`${line}\n`),
      bin,
      cwd: process.cwd(),
      version: manifest.version,
      exit: (code) => process.exit(code),
    });
  } catch (error) {
    process.stderr.write(explainError('buildbot-master', error));
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
  }
}
