/** The process edge of `buildbot tryserver`. */
import { tryserver } from './tryserver/tryserver.ts';

/** Run on this process's own streams; `argv` without program name and verb. */
export async function runTryserver(argv: readonly string[]): Promise<void> {
  const { stdin, stdout, stderr, env } = process;
  // A client that went away is the end of the channel, not an error.
  stdout.on('error', () => process.exit(0));
  process.exitCode = await tryserver({
    argv,
    originalCommand: env.SSH_ORIGINAL_COMMAND,
    overSsh: env.SSH_CONNECTION !== undefined || env.SSH_ORIGINAL_COMMAND !== undefined,
    home: env.HOME,
    stdin,
    stdout,
    stderr,
    now: () => Date.now(),
  });
  stdin.destroy();
}
