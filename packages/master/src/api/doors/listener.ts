/**
 * The doors that are listened at: BASEDIR/master.sock, which only the master's own account can open, and a TCP port on
 * the loopback interface. Both are services of the composition root.
 */
import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type ListenOptions, type Server } from 'node:net';
import { UserError } from '@buildbot/shared';
import type { Caller } from '../../ports/control.ts';
import type { Service } from '../../ports/service.ts';
import { isLoopbackName } from '../http/origin.ts';
import type { Connections } from './connections.ts';

/** Connections of one door at a time; further ones are closed at once. */
const MAX_CONNECTIONS = 1024;

export interface Door extends Service {
  /** Where it listens: a path or `host:port`, with the real port; `null` while it does not. */
  readonly address: string | null;
}

interface DoorPlan {
  name: string;
  caller: Caller;
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
      const made = createServer((socket) => connections.handle(socket, plan.caller));
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
    caller: { user, door: 'socket' },
    options: { path },
    before: () => clearStale(path),
    umask: 0o177,
    describe: () => path,
  });
}

/** `host:port`, port 0 for any free one. Throws `UserError` for an address that others could reach. */
export function tcpDoor(connections: Connections, address: string): Door {
  const cut = address.lastIndexOf(':');
  const host = address.slice(0, cut);
  if (!isLoopbackName(host)) {
    throw new UserError(
      `the API cannot listen on ${address}: it has no authentication over TCP yet, so loopback only`,
      {
        hint: 'Use 127.0.0.1:PORT. From other machines the API is reached over SSH, which `buildbot try` and `watch` do by themselves.',
      },
    );
  }
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  return door(connections, {
    name: 'API over TCP',
    caller: { user: 'anonymous', door: 'tcp' },
    options: { host: bare, port: Number(address.slice(cut + 1)) },
    before: async () => undefined,
    umask: null,
    describe(server) {
      const bound = server.address();
      return bound !== null && typeof bound === 'object' ? `${host}:${bound.port}` : address;
    },
  });
}
