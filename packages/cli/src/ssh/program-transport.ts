/**
 * The other transport, `--ssh COMMAND`: each remote program runs through the user's own `ssh`, with everything that
 * one knows (security keys, GSSAPI, ControlMaster) and with its own questions on the terminal. The argument list is
 * the one real Buildbot uses: `COMMAND -l USER -p PORT -- HOST WORD…`, without a shell on this side.
 */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { ExternalError, sanitizeName, UserError } from '@buildbot/shared';
import { splitCommand } from './command-words.ts';
import { endChild } from './end-child.ts';
import { HostKeyError, NotLetInError } from './errors.ts';
import { checkHost, checkPort, checkUser } from './host-name.ts';
import { PairedDuplex } from './paired-duplex.ts';
import type { RemoteExit, RemoteProcess, SshConnection, SshTarget, SshTransport } from './port.ts';
import { quoteRemoteWords } from './remote-words.ts';
import { keepTail } from './tail.ts';

/** ssh(1): "exits with the exit status of the remote command or with 255 if an error occurred". */
const SSH_FAILED = 255;

export interface ProgramTransportDeps {
  /** As typed behind `--ssh`, e.g. `ssh -F ~/work.conf`. */
  readonly command: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws UserError if the command cannot be split into words */
export function createProgramTransport({ command, env }: ProgramTransportDeps): SshTransport {
  const words = splitCommand(command);
  return {
    async connect(target) {
      const argv = [...words, ...optionsFor(target), '--', checkHost(target.host)];
      return new ProgramConnection(argv, target.host, env);
    },
  };
}

function optionsFor({ user, port }: SshTarget): string[] {
  return [
    ...(user === undefined ? [] : ['-l', checkUser(user)]),
    ...(port === undefined ? [] : ['-p', String(checkPort(port))]),
  ];
}

type Child = ChildProcessWithoutNullStreams;

/** Every program has a connection of its own, so this one is open until it is closed here. */
class ProgramConnection implements SshConnection {
  readonly #argv: readonly string[];
  readonly #host: string;
  readonly #env: ProgramTransportDeps['env'];
  readonly #streams = new Set<PairedDuplex>();
  readonly #closeListeners: ((reason: Error | undefined) => void)[] = [];
  #isClosed = false;

  constructor(argv: readonly string[], host: string, env: ProgramTransportDeps['env']) {
    this.#argv = argv;
    this.#host = host;
    this.#env = env;
  }

  async exec(argv: readonly string[]): Promise<RemoteProcess> {
    if (this.#isClosed) throw new ExternalError(`ssh ${this.#host}`, 'the connection is closed');
    const [program = '', ...words] = [...this.#argv, ...quoteRemoteWords(argv)];
    const child = await start(program, words, this.#env);
    const process = programProcess(child, this.#host);
    this.#streams.add(process.duplex);
    process.duplex.once('close', () => this.#streams.delete(process.duplex));
    return process;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const stream of this.#streams) stream.destroy();
    for (const listener of this.#closeListeners.splice(0)) listener(undefined);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    if (this.#isClosed) listener(undefined);
    else this.#closeListeners.push(listener);
  }
}

async function start(
  program: string,
  words: readonly string[],
  env: ProgramTransportDeps['env'],
): Promise<Child> {
  const { promise, resolve, reject } = Promise.withResolvers<Child>();
  const child = spawn(program, words, { stdio: 'pipe', env });
  child.once('spawn', () => resolve(child));
  child.once('error', (cause) => reject(notStarted(program, cause)));
  return promise;
}

/** A program that is not there was named wrong; anything else may be over soon. */
function notStarted(program: string, cause: NodeJS.ErrnoException): Error {
  const options = { hint: 'Check the command behind --ssh.', cause };
  const isWrong = cause.code === 'ENOENT' || cause.code === 'EACCES';
  if (isWrong) return new UserError(`${sanitizeName(program)}: it cannot be started`, options);
  return new ExternalError(program, 'it cannot be started', options);
}

function programProcess(child: Child, host: string): RemoteProcess & { duplex: PairedDuplex } {
  // Both read the program's errors: the caller, to show them, and we, to say what kind of failure it was.
  const said = keepTail(child.stderr);
  const stderr = child.stderr.pipe(new PassThrough());
  const closed = Promise.withResolvers<RemoteExit & { failure?: Error }>();
  child.once('close', (code, signal) => {
    const failure = code === SSH_FAILED || signal !== null ? explain(host, said()) : undefined;
    closed.resolve(failure ? { code: null, failure } : { code });
  });
  const duplex = new PairedDuplex({
    source: child.stdout,
    sink: child.stdin,
    endedBy: async () => (await closed.promise).failure,
    onDestroy: () => endChild(child),
  });
  return { duplex, stderr, exit: closed.promise.then(({ code }) => ({ code })) };
}

/** What ssh says is all there is to tell its own failures apart; 255 stands for all of them. */
function explain(host: string, said: string): Error {
  const text = said.replace(/[\x00-\x09\x0b-\x1f\x7f-\x9f]+/g, ' ');
  if (/host key verification failed/i.test(text)) return new HostKeyError(text);
  if (/permission denied|too many authentication failures/i.test(text)) return new NotLetInError(text);
  return new ExternalError(`ssh ${host}`, text || 'the connection was lost');
}
