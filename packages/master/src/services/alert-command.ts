/** Runs the administrator's alert command: an argument list, never a shell, with one JSON object on standard input. */
import { spawn } from 'node:child_process';
import { messageOf } from '@buildbot/shared';

export interface AlertCommand {
  argv: readonly string[];
  /** It is ended after this time. Milliseconds. */
  timeoutMs: number;
  cwd: string;
  env: Readonly<Record<string, string>>;
}

/** Of what it writes to standard error, the last characters kept for the log of the master. */
const KEPT_CHARACTERS = 1000;

/** `null` when it took the alert, else why not. Never rejects; ends early when `signal` aborts. */
export async function runAlertCommand(
  { argv, timeoutMs, cwd, env }: AlertCommand,
  input: string,
  signal: AbortSignal,
): Promise<string | null> {
  const [program = '', ...args] = argv;
  return await new Promise((resolve) => {
    // A process group of its own, so that what it started ends with it.
    const child = spawn(program, args, { cwd, env, detached: true, stdio: ['pipe', 'ignore', 'pipe'] });
    let errors = '';
    let cause: string | null = null;
    const end = (why: string) => {
      cause ??= why;
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(() => end(`not done after ${timeoutMs / 1000} s`), timeoutMs);
    const abort = () => end('the master is stopping');
    signal.addEventListener('abort', abort);
    const settle = (failure: string | null) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      resolve(failure);
    };
    child.once('error', (error) => settle(messageOf(error)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors = `${errors}${text}`.slice(-KEPT_CHARACTERS);
    });
    child.once('exit', (code, killed) => {
      const how = cause ?? (code === 0 ? null : `it ended with ${killed ?? `exit code ${code}`}`);
      child.stderr.destroy();
      settle(how === null ? null : [how, errors.trim()].filter((text) => text !== '').join(': '));
    });
    // A command that does not care to read breaks the pipe, and that is its own affair.
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    if (signal.aborted) abort();
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
