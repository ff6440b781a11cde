/**
 * The gateway: a unix socket in the try directory through which `tryserver` brings a developer to the master's API.
 * Node sees no peer credentials, so a connection proves its account by creating the file `tmp/<nonce>` (its content the nonce, too) that this side
 * names: only who may write the directory can, and the file's owner cannot be forged. The talk is described in
 * `packages/shared/src/trylink/trylink.ts`.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { chmod, open, rename, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  type attachedSchema,
  type challengeSchema,
  gatewayRequestSchema,
  MASTER_FILE,
  MAX_LINE_BYTES,
  type masterFileSchema,
  messageOf,
  parseMessage,
  type provenSchema,
  proveSchema,
  readLine,
  UserError,
  type Verdict,
} from '@buildbot/shared';
import type * as z from 'zod';
import type { Caller } from '../ports/caller.ts';
import type { TryIntake } from '../ports/control.ts';
import type { Logger, Service } from '../ports/service.ts';
import { accountName } from './accounts.ts';
import { provenUser } from './file-name.ts';

const SOCKET_NAME = 'gateway.sock';
/** `sun_path` of Linux holds 108 bytes with the closing NUL; macOS has 104. */
const MAX_SOCKET_PATH = 103;
/** For proving who is there. After that a connection may wait: its job is still being put together. */
const PROOF_TIMEOUT_MS = 30_000;

export interface GatewayOptions {
  name: string;
  /** Absolute path of the try directory. */
  directory: string;
  gateways: ReadonlySet<string>;
  maxJobBytes: number;
  intake: TryIntake;
  /** Takes over a connection whose caller is proven. */
  serve(socket: Socket, caller: Caller): void;
  logger: Logger;
}

type Line = z.infer<typeof challengeSchema | typeof provenSchema | typeof attachedSchema> | Verdict;

export class Gateway implements Service {
  readonly name: string;
  readonly #options: GatewayOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;
  /** When the last connection of a server that listens no more has ended. */
  #closed: Promise<void> = Promise.resolve();

  constructor(options: GatewayOptions) {
    this.name = `gateway ${options.name}`;
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    const path = join(this.#options.directory, SOCKET_NAME);
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
      throw new UserError(`the path of the try directory is too long for a socket: ${path}`, {
        hint: `keep ${SOCKET_NAME} within ${MAX_SOCKET_PATH} bytes`,
      });
    }
    await rm(path, { force: true });
    const server = createServer((socket) => void this.#welcome(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    this.#server = server;
    // Whoever reaches the directory may knock; being let in takes the nonce.
    await chmod(path, 0o666);
    await this.#announce({ version: 1, socket: path });
  }

  async stop(): Promise<void> {
    await this.retire();
    for (const socket of this.#sockets) socket.destroy();
    await this.#closed;
  }

  /** Let nobody in any more; who is in stays until they leave, or until `stop`. */
  async retire(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    this.#closed = new Promise((resolve) => server.close(() => resolve()));
    await rm(join(this.#options.directory, MASTER_FILE), { force: true });
  }

  /** The small file by which `tryserver` finds the socket; replaced in one move. */
  async #announce(file: z.infer<typeof masterFileSchema>): Promise<void> {
    const temporary = join(
      this.#options.directory,
      'tmp',
      `${MASTER_FILE}.${randomBytes(4).toString('hex')}`,
    );
    await writeFile(temporary, `${JSON.stringify(file)}\n`, { flag: 'wx' });
    await chmod(temporary, 0o644);
    await rename(temporary, join(this.#options.directory, MASTER_FILE));
  }

  async #welcome(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    // A peer that vanishes is no event of ours; whoever reads the socket sees its end.
    socket.on('error', () => socket.destroy());
    socket.setTimeout(PROOF_TIMEOUT_MS, () => socket.destroy());
    try {
      const user = await this.#prove(socket);
      socket.setTimeout(0);
      if (user === null || !(await this.#talk(socket))) {
        socket.end();
        return;
      }
      this.#options.serve(socket, { user, door: 'gateway' });
    } catch (error) {
      this.#options.logger.warn({ reason: messageOf(error) }, 'a gateway connection broke off');
      socket.destroy();
    }
  }

  /** Challenge, then look at who created the file. The user's name, or `null` after having said why not. */
  async #prove(socket: Socket): Promise<string | null> {
    const nonce = `auth-${randomBytes(16).toString('hex')}`;
    say(socket, { gateway: 1, nonce, maxJobBytes: this.#options.maxJobBytes });
    const line = await readLine(socket, MAX_LINE_BYTES);
    if (line === null) return null;
    const claim = parseMessage(proveSchema, line);
    const owner = await takeNonceOwner(join(this.#options.directory, 'tmp', nonce), nonce);
    if (!claim.ok) say(socket, { proven: false, reason: claim.reason });
    else if (owner === null) say(socket, { proven: false, reason: 'the proof file was not there' });
    else {
      const proven = provenUser(owner, claim.value.user, this.#options.gateways);
      if ('user' in proven) {
        say(socket, { proven: true, user: proven.user });
        return proven.user;
      }
      say(socket, { proven: false, reason: proven.reason });
    }
    return null;
  }

  /** Take jobs in until the peer asks to be attached; `false` when it leaves before. */
  async #talk(socket: Socket): Promise<boolean> {
    for (;;) {
      const line = await readLine(socket, MAX_LINE_BYTES);
      if (line === null) return false;
      const request = parseMessage(gatewayRequestSchema, line);
      if (!request.ok) {
        say(socket, { attached: false, reason: request.reason });
        return false;
      }
      if (request.value.op === 'attach') {
        say(socket, { attached: true, reason: null });
        return true;
      }
      say(socket, await this.#options.intake.take(request.value.file));
    }
  }
}

function say(socket: Socket, line: Line): void {
  socket.write(`${JSON.stringify(line)}\n`);
}

/**
 * The account that created the proof file, which is removed; `null` when it proves nothing. The file must hold the
 * nonce and be writable by its owner alone: a file of somebody else that was moved or linked here lends no name.
 */
async function takeNonceOwner(path: string, nonce: string): Promise<string | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const info = await file.stat();
      const own =
        info.isFile() && info.nlink === 1 && (info.mode & 0o022) === 0 && info.size === nonce.length;
      return own && (await file.readFile('utf8')) === nonce ? await accountName(info.uid) : null;
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
  } catch {
    return null;
  }
}
