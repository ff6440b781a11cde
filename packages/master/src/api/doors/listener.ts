/**
 * The doors that are listened at: BASEDIR/master.sock, which only the master's own account can open, and a TCP port, on
 * the loopback interface or with what makes it safe beyond. Both are services of the composition root.
 */
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type ListenOptions, type Server, type Socket } from 'node:net';
import { UserError } from '@buildbot/shared';
import type { Caller } from '../../ports/caller.ts';
import type { Service } from '../../ports/service.ts';
import { isIn, networkOf, plainAddress } from '../auth/addresses.ts';
import { isLoopbackName } from '../http/origin.ts';
import type { Connections } from './connections.ts';
import { createTlsServer, type TlsFiles } from './tls-server.ts';

/** Connections of one door at a time; further ones are closed at once. */
const MAX_CONNECTIONS = 1024;
/** Of these from one address, or one IPv6 network; proxies and this machine speak for many. */
const MAX_FROM_ONE = 128;
const LOOPBACK = ['127.0.0.0/8', '::1'];

export interface Door extends Service {
  /** Where it listens: a path or `host:port`, with the real port; `null` while it does not. */
  readonly address: string | null;
}

interface DoorPlan {
  name: string;
  callerOf(socket: Socket): Caller;
  /** Whether a connection is taken at all. Default: all are. */
  takes?(socket: Socket): boolean;
  /** Made for each start. Default: one without TLS. */
  serverFor?(take: (socket: Socket) => void): Promise<Server>;
  options: ListenOptions;
  before(): Promise<void>;
  /** For a socket in the file system: bits that others do not get. */
  umask: number | null;
  describe(server: Server): string;
}

/** The socket is bound within `listen` itself, so the mask holds for it alone and there is no moment of wider rights. */
function listening(server: Server, { options, umask }: DoorPlan): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const previous = umask === null ? null : process.umask(umask);
    server.listen(options, () => {
      server.off('error', reject);
      resolve();
    });
    if (previous !== null) process.umask(previous);
  });
}

function door(connections: Connections, plan: DoorPlan): Door {
  let server: Server | null = null;
  return {
    name: plan.name,
    get address() {
      return server === null ? null : plan.describe(server);
    },
    async start() {
      if (server !== null) return;
      await plan.before();
      const take = (socket: Socket): void => {
        if (plan.takes?.(socket) ?? true) connections.handle(socket, plan.callerOf(socket));
        else socket.destroy();
      };
      const made = (await plan.serverFor?.(take)) ?? createServer(take);
      made.maxConnections = MAX_CONNECTIONS;
      await listening(made, plan);
      server = made;
    },
    /** Takes no new connections; those that are open are cut when the API stops. */
    async stop() {
      server?.close();
      server = null;
    },
  };
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

/** A socket left by a master that was killed is in the way; one that answers belongs to a master that runs. */
async function clearStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (!found.isSocket())
    throw new UserError(`${path} is in the way and is not a socket`, { hint: 'Move it away.' });
  if (await answers(path)) {
    throw new UserError(`another master answers on ${path}`, {
      hint: 'Stop it first: buildbot-master stop BASEDIR',
    });
  }
  await unlink(path);
}

/** `path` with mode 0600: whoever can open it has shell access to the master and is its administrator. */
export function unixDoor(connections: Connections, path: string, user = 'administrator'): Door {
  return door(connections, {
    name: 'API on the socket',
    callerOf: () => ({ user, door: 'socket' }),
    options: { path },
    before: () => clearStale(path),
    umask: 0o177,
    describe: () => path,
  });
}

/** What makes a port beyond loopback safe; one of them is needed there. */
export interface TcpSafety {
  tls?: TlsFiles;
  /** Reverse proxies that speak HTTPS for it; nobody else beyond this machine is listened to. */
  proxies?: readonly string[];
  /** The administrator wants it without. */
  plain?: boolean;
}

/** Counts connections by where they come from. */
class Crowds {
  readonly #sizes = new Map<string, number>();

  /** `false` when there are too many already. */
  join(socket: Socket, address: string): boolean {
    const network = networkOf(address);
    const size = this.#sizes.get(network) ?? 0;
    if (size >= MAX_FROM_ONE) return false;
    this.#sizes.set(network, size + 1);
    socket.once('close', () => this.#leave(network));
    return true;
  }

  #leave(network: string): void {
    const size = (this.#sizes.get(network) ?? 1) - 1;
    if (size === 0) this.#sizes.delete(network);
    else this.#sizes.set(network, size);
  }
}

function takesFrom(proxies: readonly string[] | undefined): (socket: Socket) => boolean {
  const crowds = new Crowds();
  return (socket) => {
    const address = plainAddress(socket.remoteAddress ?? '');
    if (isIn([...LOOPBACK, ...(proxies ?? [])], address)) return true;
    return proxies === undefined && crowds.join(socket, address);
  };
}

function requireSafe(address: string, host: string, { tls, proxies, plain }: TcpSafety): void {
  if (isLoopbackName(host) || tls !== undefined || proxies !== undefined || plain === true) return;
  throw new UserError(`the API cannot listen on ${address}: nothing protects it on the way`, {
    hint: 'Give listen.tls or listen.proxies, or say listen.plain: true. Over SSH it is reached without any port.',
  });
}

/** `host:port`, port 0 for any free one. Throws `UserError` for an address that is beyond loopback without protection. */
export function tcpDoor(connections: Connections, address: string, safety: TcpSafety = {}): Door {
  const cut = address.lastIndexOf(':');
  const host = address.slice(0, cut);
  requireSafe(address, host, safety);
  const { tls, proxies } = safety;
  return door(connections, {
    name: 'API over TCP',
    callerOf: (socket) => ({
      user: 'anonymous',
      door: 'tcp',
      peer: { address: socket.remoteAddress ?? '', isSecure: tls !== undefined },
    }),
    takes: takesFrom(proxies),
    ...(tls === undefined
      ? {}
      : { serverFor: (take: (socket: Socket) => void) => createTlsServer(tls, take) }),
    options: { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(cut + 1)) },
    before: async () => undefined,
    umask: null,
    describe(server) {
      const bound = server.address();
      return bound !== null && typeof bound === 'object' ? `${host}:${bound.port}` : address;
    },
  });
}
