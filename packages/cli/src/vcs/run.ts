/**
 * Runs a version control program: an argument list and never a shell, output as bytes, exit status handed back. A
 * program that fails must never look like one that had nothing to say: an empty patch is how work gets lost.
 */

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { ExternalError, UserError } from '@buildbot/shared';

export interface VcsCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Standard input; the program sees end of file at once when there is none. */
  readonly input?: Uint8Array | undefined;
  /** The program is ended once it has written more than this to standard output. */
  readonly maxBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface VcsOutput {
  /** Exit status; null when `maxBytes` ended the program. */
  readonly status: number | null;
  readonly stdout: Buffer;
  /** What the program said about its troubles, without trailing white space. */
  readonly stderr: string;
}

/**
 * Runs to the end, whatever the exit status.
 *
 * @throws UserError when the program is not installed, ExternalError when a signal ended it, the signal's reason when
 * aborted.
 */
export function runVcs(command: VcsCommand): Promise<VcsOutput> {
  const { promise, resolve, reject } = Promise.withResolvers<VcsOutput>();
  const child = spawn(command.program, command.args, {
    cwd: command.cwd,
    env: command.env,
    signal: command.signal,
    stdio: 'pipe',
    windowsHide: true,
  });
  const stdout = collect(child.stdout, command.maxBytes ?? Number.POSITIVE_INFINITY, () =>
    child.kill('SIGKILL'),
  );
  const stderr = collect(child.stderr, Number.POSITIVE_INFINITY, () => {});
  // A program may end without reading all its input; its exit status then tells why, so EPIPE is no news.
  child.stdin.on('error', () => {});
  child.stdin.end(command.input);
  child.on('error', (error) =>
    reject(command.signal?.aborted ? command.signal.reason : startError(command, error)),
  );
  child.on('close', (status, signal) => {
    if (status === null && !stdout.isFull()) {
      reject(new ExternalError(nameOf(command), `was ended by ${signal}`));
    } else {
      resolve({ status, stdout: stdout.bytes(), stderr: stderr.bytes().toString().trimEnd() });
    }
  });
  return promise;
}

/** Standard output of a program that must succeed. */
export async function runVcsOk(command: VcsCommand): Promise<Buffer> {
  const output = await runVcs(command);
  if (output.status !== 0) throw failureOf(command, output);
  return output.stdout;
}

/** The error for an exit status that the caller has no use for. */
export function failureOf(command: VcsCommand, output: VcsOutput): ExternalError {
  const said = output.stderr === '' ? '' : `: ${output.stderr}`;
  return new ExternalError(nameOf(command), `ended with exit status ${output.status}${said}`);
}

/** `git diff-tree`, as a person would say it: the program and its first word that is no option or option value. */
function nameOf({ program, args }: VcsCommand): string {
  const verb = args.find((word, index) => !word.startsWith('-') && args[index - 1] !== '-c');
  return verb === undefined ? program : `${program} ${verb}`;
}

function startError(command: VcsCommand, error: NodeJS.ErrnoException): Error {
  // Node reports a missing folder as a missing program.
  if (error.code === 'ENOENT' && existsSync(command.cwd)) {
    return new UserError(`${command.program} is not installed, or not in PATH`, {
      hint: `install ${command.program}, or send a diff with --diff FILE`,
      cause: error,
    });
  }
  return new ExternalError(nameOf(command), `could not be started in ${command.cwd}: ${error.message}`, {
    cause: error,
  });
}

function collect(stream: NodeJS.ReadableStream, limit: number, onFull: () => void) {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on('data', (chunk: Buffer) => {
    if (size > limit) return;
    chunks.push(chunk);
    size += chunk.length;
    if (size > limit) onFull();
  });
  return { bytes: () => Buffer.concat(chunks), isFull: () => size > limit };
}
