/** The `tryserver` side of the talk on the master's gateway socket (`packages/shared/src/trylink/trylink.ts`). */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Verdict } from '@buildbot/shared';
// Types and this one file only: the rest of the package would bring zod and with it a tenth of a second.
import { readLine } from '@buildbot/shared/trylink/line-reader';

const MASTER_FILE = 'master.json';
const MAX_LINE_BYTES = 64 * 1024;

/** A connection whose user the master has accepted. */
export interface GatewayLink {
  user: string;
  maxJobBytes: number;
  take(file: string): Promise<Verdict>;
  /** From here on the socket is the master's API. */
  attach(): Promise<Socket>;
  close(): void;
}

export type GatewayResult =
  | { status: 'connected'; link: GatewayLink }
  /** No master runs, or it cannot be reached. */
  | { status: 'away'; reason: string }
  /** It runs and does not let this account in under that name. */
  | { status: 'refused'; reason: string };

/** Find the master of a try directory and prove to it who we are. */
export async function openGateway(jobdir: string, user: string | null): Promise<GatewayResult> {
  let socket: Socket;
  try {
    const { socket: path } = JSON.parse(await readFile(join(jobdir, MASTER_FILE), 'utf8')) as {
      socket: string;
    };
    socket = await connectTo(path);
  } catch (error) {
    return { status: 'away', reason: describeAway(error) };
  }
  try {
    return await introduce(socket, jobdir, user);
  } catch (error) {
    socket.destroy();
    return { status: 'away', reason: describeAway(error) };
  }
}

async function introduce(socket: Socket, jobdir: string, user: string | null): Promise<GatewayResult> {
  const { nonce, maxJobBytes } = await receive<{ nonce: string; maxJobBytes: number }>(socket);
  if (!/^auth-[0-9a-f]{32}$/.test(nonce)) throw new Error('the master sent an unusable nonce');
  const proof = join(jobdir, 'tmp', nonce);
  let answer: { proven: boolean; user: string; reason: string };
  try {
    // The master looks at who owns this file; only the owner may be able to write it.
    await writeFile(proof, nonce, { flag: 'wx', mode: 0o644 });
    send(socket, { op: 'prove', user });
    answer = await receive(socket);
  } finally {
    await rm(proof, { force: true });
  }
  if (!answer.proven) {
    socket.destroy();
    return { status: 'refused', reason: answer.reason };
  }
  return { status: 'connected', link: linkOver(socket, answer.user, maxJobBytes) };
}

function linkOver(socket: Socket, user: string, maxJobBytes: number): GatewayLink {
  return {
    user,
    maxJobBytes,
    take(file) {
      send(socket, { op: 'take', file });
      return receive<Verdict>(socket);
    },
    async attach() {
      send(socket, { op: 'attach' });
      const { attached, reason } = await receive<{ attached: boolean; reason: string | null }>(socket);
      if (!attached) throw new Error(reason ?? 'the master did not attach');
      return socket;
    },
    close: () => void socket.end(),
  };
}

function connectTo(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      // Its end is seen by whoever reads; an error adds nothing to that.
      socket.on('error', () => socket.destroy());
      resolve(socket);
    });
  });
}

function send(socket: Socket, line: object): void {
  socket.write(`${JSON.stringify(line)}\n`);
}

async function receive<T>(socket: Socket): Promise<T> {
  const line = await readLine(socket, MAX_LINE_BYTES);
  if (line === null) throw new Error('the master closed the connection');
  return JSON.parse(line) as T;
}

function describeAway(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ECONNREFUSED') return 'no master is running here';
  if (code === 'EACCES') return 'the master cannot be reached from this account (permission denied)';
  return `the master cannot be reached: ${message}`;
}
