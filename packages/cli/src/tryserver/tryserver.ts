/**
 * `buildbot tryserver`: the far end of a developer's SSH connection. It writes jobs into the try directory, asks the
 * master what became of them, and with `--attach` turns the channel into a byte stream to the master's API. It is on
 * the path of every try, so it loads nothing but Node's own modules. It runs as the developer (or as the account that
 * owns the forced commands) and trusts nothing the client says about who it is.
 */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import type { ChannelRequest, Greeting, Verdict } from '@buildbot/shared';
import { readLine } from '@buildbot/shared/trylink/line-reader';
import { readArguments } from './arguments.ts';
import { type GatewayResult, openGateway } from './gateway-client.ts';
import { JobWriter } from './maildir.ts';

/** The process around it. */
export interface TryserverIo {
  argv: readonly string[];
  /** SSH_ORIGINAL_COMMAND. */
  originalCommand: string | undefined;
  /** Whether an SSH server started it: then the other end of the streams may be a real Buildbot's client. */
  overSsh: boolean;
  /** For `~` in the directory. */
  home: string | undefined;
  stdin: Readable;
  stdout: Writable;
  stderr: Writable;
  /** Epoch milliseconds. */
  now(): number;
}

const USAGE = `usage: buildbot tryserver --jobdir DIR [--user NAME] [--attach]

The far end of "buildbot try" over SSH: takes a job file from standard input into the try directory DIR and says
whether it was accepted. People do not call it; a line of authorized_keys does:

  restrict,command="buildbot tryserver --jobdir DIR --user alice" ssh-ed25519 AAAA... alice@laptop

  --user NAME  who submits, in the administrator's words (for accounts the master lists as gateways)
  --attach     stay: the channel becomes the master's API
`;

/** What the master would take by default, while no master can be asked. */
const DEFAULT_MAX_JOB_BYTES = 52_428_800;
const MAX_LINE_BYTES = 64 * 1024;
/** EX_NOPERM of sysexits.h: this account, or this key, may not submit here. The client tells it from a failure. */
const NOT_LET_IN = 77;
/** EX_CONFIG of sysexits.h: the try directory was named wrong. A real Buildbot's usage errors are 1 and 2. */
const NO_TRY_DIRECTORY = 78;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * Serve one channel; the result is the exit code: 0 accepted or kept, 1 refused, 2 usage, 77 not let in, 78 no try
 * directory. A job refused by the master in the plain protocol over SSH is 0 as well (docs/decisions/0003).
 */
export async function tryserver(io: TryserverIo): Promise<number> {
  if (io.argv.includes('--help')) {
    io.stdout.write(USAGE);
    return 0;
  }
  const request = readArguments(io.argv, io.originalCommand);
  if (!request.ok) return complain(io, request.reason, 2);
  const jobdir = request.jobdir.replace(/^~(?=\/|$)/, io.home ?? '~');
  const obstacle = await findObstacle(jobdir);
  if (obstacle !== null) return complain(io, obstacle.reason, obstacle.code);
  const gateway = await openGateway(jobdir, request.user);
  if (gateway.status === 'refused') return complain(io, gateway.reason, NOT_LET_IN);
  const { user, attach } = request;
  const session: Session = { io, jobdir, user, attach, gateway };
  try {
    return attach ? await serveAttached(session) : await servePlain(session);
  } catch (error) {
    if (!isFull(error)) throw error;
    return complain(io, 'the disk is full: nothing was taken in; try again when there is space', 1);
  } finally {
    if (gateway.status === 'connected') gateway.link.close();
  }
}

function isFull(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOSPC' || code === 'EDQUOT';
}

interface Session {
  io: TryserverIo;
  jobdir: string;
  user: string | null;
  attach: boolean;
  gateway: Exclude<GatewayResult, { status: 'refused' }>;
}

function complain({ stderr }: TryserverIo, reason: string, code: number): number {
  stderr.write(`buildbot tryserver: ${reason}\n`);
  return code;
}

/** Why this account cannot submit here, and the exit code that says so; or `null`. */
async function findObstacle(jobdir: string): Promise<{ reason: string; code: number } | null> {
  try {
    if (!(await stat(jobdir)).isDirectory())
      return { reason: `${jobdir} is not a folder`, code: NO_TRY_DIRECTORY };
    for (const folder of ['tmp', 'new']) await access(`${jobdir}/${folder}`, constants.W_OK | constants.X_OK);
    return null;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      return {
        reason: `${jobdir} is not a try directory (has its master been started once?)`,
        code: NO_TRY_DIRECTORY,
      };
    if (code === 'EACCES')
      return { reason: `this account may not write to the try directory ${jobdir}`, code: NOT_LET_IN };
    throw error;
  }
}

/** Attach mode: greeting, one request, then the master's API. A bare job file is taken as in plain mode. */
async function serveAttached(session: Session): Promise<number> {
  const { io, gateway } = session;
  const connected = gateway.status === 'connected' ? gateway.link : null;
  const maxJobBytes = connected?.maxJobBytes ?? DEFAULT_MAX_JOB_BYTES;
  const greeting: Greeting = {
    tryserver: 1,
    user: connected?.user ?? null,
    maxJobBytes,
    master: connected !== null,
  };
  say(io, greeting);
  if (await startsLikeJobFile(io.stdin)) return servePlain(session);
  const line = await readLine(io.stdin, MAX_LINE_BYTES);
  if (line === null) return 0;
  const request = parseRequest(line);
  if (request === null) {
    say(io, { status: 'refused', reason: 'the request was not understood', hint: 'is the client too new?' });
    return 2;
  }
  if (request.op === 'submit') {
    const verdict = await submit(session, request.bytes, maxJobBytes);
    say(io, verdict);
    if (verdict.status === 'refused') return 1;
  }
  return relay(session);
}

function parseRequest(line: string): ChannelRequest | null {
  try {
    const { op, bytes } = JSON.parse(line) as { op: unknown; bytes: unknown };
    if (op === 'attach') return { op };
    return op === 'submit' && Number.isSafeInteger(bytes) && Number(bytes) > 0
      ? { op, bytes: Number(bytes) }
      : null;
  } catch {
    return null;
  }
}

/** Real Buildbot's clients begin with the length of a netstring; ours with `{`. */
async function startsLikeJobFile(stdin: Readable): Promise<boolean> {
  const chunk = await readSome(stdin, Number.POSITIVE_INFINITY);
  if (chunk === null) return false;
  stdin.unshift(chunk);
  const first = chunk[0] as number;
  return first >= DIGIT_0 && first <= DIGIT_9;
}

/** Exactly `bytes` bytes of standard input into the try directory, then the master's verdict. */
async function submit(session: Session, bytes: number, maxJobBytes: number): Promise<Verdict> {
  const { io, jobdir, user } = session;
  if (bytes > maxJobBytes) {
    return {
      status: 'refused',
      reason: `the job has ${bytes} bytes; this server takes at most ${maxJobBytes}`,
      hint: 'leave large files out (--no-untracked, or name paths), or ask for a larger maxJobBytes',
    };
  }
  const writer = await JobWriter.begin(jobdir, io.now());
  try {
    let missing = bytes;
    while (missing > 0) {
      const chunk = await readSome(io.stdin, missing);
      if (chunk === null) {
        await writer.abandon();
        return {
          status: 'refused',
          reason: `the job was cut off ${missing} bytes before its end`,
          hint: 'send it again',
        };
      }
      await writer.write(chunk);
      missing -= chunk.length;
    }
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  return verdictOf(session, await writer.commit(user));
}

/** At most `most` bytes; the rest of a chunk goes back. `null` at the end of the stream. */
async function readSome(stdin: Readable, most: number): Promise<Buffer | null> {
  for (;;) {
    const chunk = stdin.read() as Buffer | null;
    if (chunk !== null) {
      if (chunk.length > most) stdin.unshift(chunk.subarray(most));
      return chunk.subarray(0, most);
    }
    if (stdin.readableEnded || stdin.destroyed) return null;
    await new Promise<void>((resolve) => {
      stdin.once('readable', resolve);
      stdin.once('end', resolve);
      stdin.once('close', resolve);
    });
  }
}

/** The job is durable by now: whatever becomes of the master, it is kept at least. */
async function verdictOf({ gateway }: Session, file: string): Promise<Verdict> {
  const kept = (why: string): Verdict => ({
    status: 'kept',
    reason: `${why}; the job waits in the try directory`,
  });
  if (gateway.status !== 'connected') return kept(gateway.reason);
  try {
    return await gateway.link.take(file);
  } catch (error) {
    return kept(`the master went away: ${(error as Error).message}`);
  }
}

/** Plain mode, Buildbot's own: a job file until the end of input. */
async function servePlain(session: Session): Promise<number> {
  const { io, jobdir, user, attach, gateway } = session;
  const maxJobBytes = gateway.status === 'connected' ? gateway.link.maxJobBytes : DEFAULT_MAX_JOB_BYTES;
  const writer = await JobWriter.begin(jobdir, io.now());
  let size = 0;
  try {
    for (
      let chunk = await readSome(io.stdin, maxJobBytes);
      chunk !== null;
      chunk = await readSome(io.stdin, maxJobBytes)
    ) {
      size += chunk.length;
      if (size > maxJobBytes) break;
      await writer.write(chunk);
    }
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  if (size === 0 || size > maxJobBytes) {
    await writer.abandon();
    const reason =
      size === 0 ? 'nothing came on standard input' : `the job is larger than ${maxJobBytes} bytes`;
    return complain(io, `refused: ${reason}`, 1);
  }
  const verdict = await verdictOf(session, await writer.commit(user));
  if (verdict.status === 'refused') {
    const hint = verdict.hint === null ? '' : ` (${verdict.hint})`;
    // Any other status than 0 makes a real Buildbot's client hang for ever, and to it 0 says no more than "delivered".
    return complain(io, `refused: ${verdict.reason}${hint}`, io.overSsh && !attach ? 0 : 1);
  }
  const text =
    verdict.status === 'kept' ? `kept: ${verdict.reason}` : `accepted, build set ${verdict.buildSetId}`;
  io.stdout.write(`${text}\n`);
  return 0;
}

/** Join the channel and the master's API until either side ends. */
async function relay({ io, gateway }: Session): Promise<number> {
  if (gateway.status !== 'connected') {
    say(io, { attached: false, reason: gateway.reason });
    return 0;
  }
  let socket: Socket;
  try {
    socket = await gateway.link.attach();
  } catch (error) {
    say(io, { attached: false, reason: `the master went away: ${(error as Error).message}` });
    return 0;
  }
  say(io, { attached: true, reason: null });
  io.stdin.pipe(socket);
  socket.pipe(io.stdout, { end: false });
  await new Promise<void>((resolve) => {
    socket.once('close', resolve);
    io.stdin.once('close', () => socket.destroySoon());
  });
  return 0;
}

function say({ stdout }: TryserverIo, line: object): void {
  stdout.write(`${JSON.stringify(line)}\n`);
}
