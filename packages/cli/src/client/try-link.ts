/**
 * The client's side of `buildbot tryserver --attach` (shared/src/trylink): over one SSH connection, hand in a job or
 * attach to the master, and go on with the channel as a byte stream to the API. A server that knows nothing of
 * `--attach` gets the job in Buildbot's own plain protocol instead.
 *
 * Three kinds of server: this project's greets at once; an older `buildbot` refuses the option and exits; behind a
 * forced command a real `buildbot tryserver --jobdir DIR` never sees the option and waits for a job in silence.
 */
import type { Duplex, Readable } from 'node:stream';
import {
  ExternalError,
  type Greeting,
  messageOf,
  readLine,
  sanitizeName,
  UserError,
  type Verdict,
} from '@buildbot/shared';
import type { RemoteProcess, SshConnection } from '../ssh/port.ts';
import { asGreeting, asVerdict, parseWords, textOrNull } from './server-words.ts';
import { LinkError } from './transport.ts';

/** Longest line of the conversation, `MAX_LINE_BYTES` of the link. */
const MAX_LINE_BYTES = 64 * 1024;
const MAX_STDERR_BYTES = 16 * 1024;
/** Of this project's `tryserver`: the key is good, but its account may not submit there, or not under that name. */
const SERVER_NOT_LET_IN = 77;
/** Of the same: it knows what is asked for, but there is no such try directory. */
const SERVER_NO_TRY_DIRECTORY = 78;
const EXIT_NOT_LET_IN = 5;

export interface TryLinkOptions {
  connection: SshConnection;
  /** Words that start the server's program, before `tryserver`: `['buildbot']`. */
  program: readonly string[];
  /** Null when the key's forced command knows it. */
  jobdir: string | null;
  /** A silence of this long at the start means a real Buildbot behind a forced command. Milliseconds. */
  greetingTimeoutMs: number;
  /** A server that has greeted before: its silence is a broken link. */
  isKnown: boolean;
  /** So long an answer may be missing while nothing of the job moves on either. Milliseconds. */
  answerTimeoutMs: number;
}

/** What became of a job. `api` is the stream to the master when there is one to follow it on. */
export type Submission =
  | { kind: 'verdict'; verdict: Verdict; user: string | null; api: Duplex | null; why: string | null }
  /** Delivered in the plain protocol: nothing more is known. */
  | { kind: 'delivered' };

/** The server's program, running, and what it said first. */
export interface OpenServer {
  process: StartedProcess;
  opened: Opening;
}

/** Starts the server's program. It needs no job yet, and takes about as long as putting one together. */
export async function openServer(options: TryLinkOptions): Promise<OpenServer> {
  const process = await start(options, ['--attach']);
  const opened = await greet(process, options.greetingTimeoutMs);
  if (opened.kind !== 'silent' || !options.isKnown) return { process, opened };
  process.duplex.destroy();
  throw new LinkError('no answer');
}

/**
 * Hands the job in, to the server that `opening` leads to if there is one already.
 * @throws UserError (refused by the server's set-up), ExternalError (the server's program failed), LinkError
 */
export async function submitJob(
  options: TryLinkOptions,
  job: Uint8Array,
  opening = openServer(options),
): Promise<Submission> {
  const { process, opened } = await opening;
  if (opened.kind === 'silent') return plainOn(process, job, options);
  if (opened.kind === 'ended') return fallBack(options, process, opened.code, job);
  const { greeting } = opened;
  if (job.length > greeting.maxJobBytes) throw tooLarge(job.length, greeting.maxJobBytes);
  process.duplex.write(`${JSON.stringify({ op: 'submit', bytes: job.length })}\n`);
  process.duplex.write(job);
  const verdict = asVerdict(await inTime(process, options, answer(process)));
  const attached =
    verdict.status === 'accepted'
      ? await inTime(process, options, readAttached(process))
      : { attached: false, reason: null };
  return {
    kind: 'verdict',
    verdict,
    user: greeting.user,
    api: attached.attached ? process.duplex : null,
    why: attached.reason,
  };
}

/** Attaches to the master's API. Same errors as `submitJob`. */
export async function attach(options: TryLinkOptions): Promise<{ api: Duplex; user: string | null }> {
  const { process, opened } = await openServer(options);
  if (opened.kind !== 'greeted') {
    if (opened.kind === 'ended' && isOfOurs(opened.code)) throw await serverFailed(process, opened.code);
    const why = opened.kind === 'ended' ? await errorOutput(process) : '';
    if (opened.kind === 'ended' && opened.code === null)
      throw brokenOff(process, 'the connection was closed');
    throw new UserError(
      `this server offers no way to follow builds over SSH${why === '' ? '' : `: ${why}`}`,
      {
        hint: 'Name its API with --api http://host:port, or api: in .buildbot.',
      },
    );
  }
  process.duplex.write(`${JSON.stringify({ op: 'attach' })}\n`);
  const attached = await inTime(process, options, readAttached(process));
  if (!attached.attached) throw new LinkError(attached.reason ?? 'the master does not answer');
  return { api: process.duplex, user: opened.greeting.user };
}

/** Exit codes that no other program has for an option it does not know. */
function isOfOurs(code: number | null): boolean {
  return code === SERVER_NOT_LET_IN || code === SERVER_NO_TRY_DIRECTORY;
}

async function start(options: TryLinkOptions, more: readonly string[]): Promise<StartedProcess> {
  const { connection, program, jobdir } = options;
  const words = [...program, 'tryserver', ...(jobdir === null ? [] : ['--jobdir', jobdir]), ...more];
  const starting = connection.exec(words);
  const process = await (options.isKnown ? orClosed(options, starting) : starting);
  let failure: Error | undefined;
  process.duplex.on('error', (error) => {
    failure ??= error;
  });
  return { ...process, said: collect(process.stderr), failure: () => failure };
}

/** A connection on which no program can be started in time is dead, and a new one is called for. @throws LinkError */
async function orClosed<T>(
  { connection, greetingTimeoutMs }: TryLinkOptions,
  starting: Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    late.reject(new LinkError('no answer'));
    connection.close();
  }, greetingTimeoutMs);
  try {
    return await Promise.race([starting, late.promise]);
  } finally {
    clearTimeout(timer);
    // Heard of here or by nobody.
    starting.catch(() => {});
  }
}

/** A process with what it has written to standard error so far, and why its connection broke. */
type StartedProcess = RemoteProcess & { said: () => string; failure: () => Error | undefined };

function collect(stderr: Readable): () => string {
  let text = '';
  stderr.on('data', (bytes: Buffer) => {
    if (text.length < MAX_STDERR_BYTES) text += bytes.toString('utf8');
  });
  stderr.on('error', () => {});
  return () => text;
}

type Opening =
  | { kind: 'greeted'; greeting: Greeting }
  | { kind: 'silent' }
  | { kind: 'ended'; code: number | null };

async function greet(process: StartedProcess, timeoutMs: number): Promise<Opening> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    // A chatty shell profile, or the usage text of a real Buildbot, may come first.
    for (let line = await lineOf(process, timeout); line !== null; line = await lineOf(process, timeout)) {
      if ('tryserver' in parseWords(line)) return { kind: 'greeted', greeting: asGreeting(line) };
    }
  } catch (error) {
    if (timeout.aborted) return { kind: 'silent' };
    throw error;
  }
  return { kind: 'ended', code: (await process.exit).code };
}

/** The program is waiting for a job and its end on the very same channel. */
async function plainOn(
  process: StartedProcess,
  job: Uint8Array,
  options: TryLinkOptions,
): Promise<Submission> {
  process.duplex.resume();
  process.duplex.end(job);
  const { code } = await inTime(process, options, process.exit);
  if (code === 0) return { kind: 'delivered' };
  throw await serverFailed(process, code);
}

/** It did not know `--attach` (exit codes of usage errors), or cannot be run at all. */
async function fallBack(
  options: TryLinkOptions,
  process: StartedProcess,
  code: number | null,
  job: Uint8Array,
): Promise<Submission> {
  const isUnknownOption = code === 1 || code === 2;
  if (!isUnknownOption) throw await serverFailed(process, code);
  return plainOn(await start(options, []), job, options);
}

/** How often it is looked whether the job moves on, in the time that an answer may take. */
const LOOKS = 8;

/** An SSH program of the user's own need not notice that its line is dead. @throws LinkError then */
async function inTime<T>(
  { duplex }: StartedProcess,
  { answerTimeoutMs }: TryLinkOptions,
  work: Promise<T>,
): Promise<T> {
  const late = Promise.withResolvers<never>();
  let unsent = duplex.writableLength;
  let looks = 0;
  const timer = setInterval(() => {
    looks = duplex.writableLength === unsent ? looks + 1 : 0;
    unsent = duplex.writableLength;
    if (looks < LOOKS) return;
    late.reject(new LinkError('no answer'));
    duplex.destroy();
  }, answerTimeoutMs / LOOKS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearInterval(timer);
  }
}

async function serverFailed(process: StartedProcess, code: number | null): Promise<Error> {
  if (code === null) return brokenOff(process, 'the connection was closed before the job was taken');
  const said = (await errorOutput(process)).replace(/^buildbot tryserver: /, '');
  if (code === SERVER_NOT_LET_IN)
    return new UserError(said === '' ? 'not let in' : said, { exitCode: EXIT_NOT_LET_IN });
  if (code === SERVER_NO_TRY_DIRECTORY)
    return new UserError(said === '' ? 'there is no such try directory' : said, {
      hint: 'Check --jobdir, or jobdir: in .buildbot.',
    });
  const hint = code === 127 ? 'Name the program with --buildbotbin, or add it to the PATH there.' : undefined;
  return new ExternalError(
    'buildbot tryserver',
    said === '' ? `exit code ${code}` : said,
    hint === undefined ? {} : { hint },
  );
}

/** What SSH itself says about it, in the kind that decides the exit code; else that it broke. */
function brokenOff({ failure }: StartedProcess, otherwise: string): Error {
  const cause = failure();
  if (cause instanceof UserError || cause instanceof ExternalError) return cause;
  return new LinkError(cause === undefined ? otherwise : messageOf(cause), { cause });
}

async function errorOutput(process: StartedProcess): Promise<string> {
  await process.exit;
  return sanitizeName(process.said().trim().split('\n').slice(-5).join(' · '), { maxLength: 500 });
}

/** A channel that broke has said its last line. @throws RangeError for a line without end, the signal's reason */
async function lineOf({ duplex }: StartedProcess, signal?: AbortSignal): Promise<string | null> {
  try {
    return await readLine(duplex, MAX_LINE_BYTES, signal);
  } catch (error) {
    if (error instanceof RangeError || signal?.aborted) throw error;
    return null;
  }
}

async function answer(process: StartedProcess): Promise<string> {
  const line = await lineOf(process);
  if (line !== null) return line;
  const { code } = await process.exit;
  if (code !== null) throw await serverFailed(process, code);
  // It had greeted, so the connection was good: worth another try, whatever SSH calls its end.
  const cause = process.failure();
  throw new LinkError(cause === undefined ? 'the connection was lost' : messageOf(cause), { cause });
}

async function readAttached(process: StartedProcess) {
  const value = parseWords(await answer(process));
  return { attached: value.attached === true, reason: textOrNull(value.reason) };
}

function tooLarge(bytes: number, most: number): UserError {
  return new UserError(`the job is ${bytes} bytes, the server takes at most ${most}`, {
    hint: 'Leave large files out: name paths after --, use --no-untracked, or push your commits first.',
  });
}
