/** The process edge of `buildbot-worker`: arguments, environment, output, exit code. Nothing else touches them. */
import { readFileSync } from 'node:fs';
import { explainError, UserError } from '@buildbot/shared/errors';
import { main } from './cli.ts';
import type { StartReport } from './run.ts';

/** Whoever started us waits for one report; by the time of a second one it is gone. */
function report(message: StartReport): void {
  if (!process.connected) return;
  process.send?.(message);
  process.disconnect();
}

/** Run the command line of this process; `bin` is the program to start in the background. */
export async function runBin(bin: string): Promise<void> {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  // A reader of our output that goes away, a supervisor's logger say, is no reason to lose a build.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  try {
    process.exitCode = await main(process.argv.slice(2), {
      out: (line) => process.stdout.write(`${line}\n`),
      err: (text) => process.stderr.write(text),
      report,
      bin,
      cwd: process.cwd(),
      version: manifest.version,
      environment: process.env,
    });
  } catch (error) {
    process.stderr.write(explainError('buildbot-worker', error));
    process.exitCode = error instanceof UserError ? error.exitCode : 1;
  }
}
