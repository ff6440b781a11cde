/**
 * A small SSH server for those who have no sshd at hand: public keys from an `authorized_keys` file, and of everything
 * SSH can do only the forced command of the key that was used. The command runs as an argv without a shell, with a
 * clean environment and the client's wish in SSH_ORIGINAL_COMMAND, as sshd does it.
 */
import { spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { messageOf } from '@buildbot/shared';
import type { AuthContext, Connection, ServerChannel, Session } from 'ssh2';
import type { Logger, Service } from '../ports/service.ts';
import { type AuthorizedKey, parseAuthorizedKeys } from './authorized-keys.ts';

type Ssh2 = typeof import('ssh2');

export interface SshEndpointOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Made at the first start if missing. */
  hostKeyFile: string;
  /** Read anew for each connection, so a removed key is refused at once. */
  authorizedKeysFile: string;
  /** Environment of forced commands. */
  env: Record<string, string>;
  logger: Logger;
}

const KEEPALIVE_MS = 15_000;
/** Who has not proven a key by then is cut off, as sshd does. */
const LOGIN_GRACE_MS = 60_000;

export class SshEndpoint implements Service {
  readonly name = 'ssh endpoint';
  readonly #options: SshEndpointOptions;
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  constructor(options: SshEndpointOptions) {
    this.#options = options;
  }

  /** Where it listens, once started. */
  get address(): AddressInfo | null {
    return this.#server === null ? null : (this.#server.address() as AddressInfo);
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    const { default: ssh2 } = await import('ssh2');
    const hostKey = await this.#hostKey(ssh2);
    const server = createServer((socket) => this.#welcome(ssh2, hostKey, socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#options.port, this.#options.host, resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    // Asking a client to leave would let one that does not listen hold up the end.
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #welcome(ssh2: Ssh2, hostKey: string, socket: Socket): void {
    this.#sockets.add(socket);
    const grace = setTimeout(() => socket.destroy(), LOGIN_GRACE_MS);
    socket.once('close', () => {
      clearTimeout(grace);
      this.#sockets.delete(socket);
    });
    // An SSH server of its own for each socket costs an object, and tells whose connection it is.
    const server = new ssh2.Server({ hostKeys: [hostKey], keepaliveInterval: KEEPALIVE_MS }, (connection) => {
      connection.once('ready', () => clearTimeout(grace));
      this.#serve(ssh2, connection);
    });
    server.injectSocket(socket);
  }

  async #hostKey({ utils }: Ssh2): Promise<string> {
    const { hostKeyFile } = this.#options;
    try {
      return await readFile(hostKeyFile, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    const made = utils.generateKeyPairSync('ed25519');
    await writeFile(hostKeyFile, made.private, { mode: 0o600, flag: 'wx' });
    await writeFile(`${hostKeyFile}.pub`, `${made.public}\n`, { mode: 0o644 });
    return made.private;
  }

  #serve(ssh2: Ssh2, connection: Connection): void {
    const { logger } = this.#options;
    let key: AuthorizedKey | null = null;
    connection.on('authentication', (context) => {
      this.#authenticate(ssh2, context)
        .then((accepted) => {
          if (accepted === null) context.reject(['publickey']);
          else {
            key = accepted;
            context.accept();
          }
        })
        .catch((error: unknown) => {
          logger.warn({ reason: messageOf(error) }, 'ssh authentication failed');
          context.reject();
        });
    });
    connection.on('session', (accept) => {
      if (key !== null) this.#serveSession(accept(), key);
    });
    // Clients vanish and scanners talk nonsense: both are seen as the connection's end.
    connection.on('error', (error) => logger.debug({ reason: error.message }, 'ssh connection ended'));
  }

  /** The key that lets this caller in, or `null`. Without a signature it is only asked whether the key would do. */
  async #authenticate({ utils }: Ssh2, context: AuthContext): Promise<AuthorizedKey | null> {
    if (context.method !== 'publickey') return null;
    const { keys, problems } = parseAuthorizedKeys(await readFile(this.#options.authorizedKeysFile, 'utf8'));
    for (const { line, reason } of problems)
      this.#options.logger.warn({ line, reason }, 'authorized_keys line ignored');
    const found = keys.find(({ blob }) => sameBytes(blob, context.key.data));
    if (found === undefined) return null;
    if (context.signature === undefined || context.blob === undefined) return found;
    const parsed = utils.parseKey(`${found.type} ${found.blob.toString('base64')}`);
    if (parsed instanceof Error) return null;
    return parsed.verify(context.blob, context.signature, context.hashAlgo) === true ? found : null;
  }

  #serveSession(session: Session, key: AuthorizedKey): void {
    session.on('exec', (accept, _reject, { command }) => this.#run(key.command, command, accept()));
    session.on('shell', (accept) => this.#run(key.command, '', accept()));
    for (const refused of ['pty', 'x11', 'env', 'sftp', 'subsystem', 'auth-agent'] as const) {
      // One listener for seven requests whose types differ only in what we do not read.
      session.on(refused as 'pty', (_accept, reject) => reject?.());
    }
  }

  #run([program, ...args]: readonly string[], wish: string, channel: ServerChannel): void {
    const child = spawn(program as string, args, {
      env: { ...this.#options.env, SSH_ORIGINAL_COMMAND: wish },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.on('error', (error) => {
      channel.stderr.write(`cannot run ${program}: ${error.message}\n`);
      channel.exit(127);
      channel.end();
    });
    // The child may leave while the client still sends: that is its right.
    child.stdin.on('error', () => child.stdin.destroy());
    channel.pipe(child.stdin);
    child.stdout.pipe(channel, { end: false });
    child.stderr.pipe(channel.stderr, { end: false });
    child.on('close', (code, signal) => {
      if (signal === null) channel.exit(code ?? 1);
      else channel.exit(signal.replace('SIG', ''));
      channel.end();
    });
    channel.on('close', () => child.stdin.destroy());
    channel.on('error', () => child.kill());
  }
}

function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
