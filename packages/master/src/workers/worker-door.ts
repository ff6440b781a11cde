/** Where workers connect: a listener whose only service is the upgrade to the workers' WebSocket. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { messageOf, UserError } from '@buildbot/shared';
import type { Service } from '../ports/service.ts';
import type { WorkerSessions } from './worker-sessions.ts';

/** A worker's upgrade is one small request; whatever takes longer is not a worker. */
const HEADERS_TIMEOUT_MS = 10_000;
/** For workers to answer the goodbye; a frozen one must not hold up the end. */
const GOODBYE_MS = 1_000;

type Sessions = Pick<WorkerSessions, 'attach' | 'stop'>;

export class WorkerDoor implements Service {
  readonly name = 'workers door';
  readonly #sessions: Sessions;
  readonly #wanted: { host: string; port: number };
  /** Also those that have become WebSockets, which the server itself no longer knows but waits for. */
  readonly #sockets = new Set<Socket>();
  #server: Server | null = null;

  /** `address` is `host:port`; port 0 takes any free one. */
  constructor(sessions: Sessions, address: string) {
    this.#sessions = sessions;
    const at = address.lastIndexOf(':');
    this.#wanted = {
      host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(at + 1)),
    };
  }

  /** `host:port` with the real port, `null` while it does not listen. */
  get address(): string | null {
    const bound = this.#server?.address() as AddressInfo | null | undefined;
    if (!bound) return null;
    return `${bound.family === 'IPv6' ? `[${bound.address}]` : bound.address}:${bound.port}`;
  }

  async start(): Promise<void> {
    if (this.#server !== null) return;
    const server = createServer({ headersTimeout: HEADERS_TIMEOUT_MS }, (_request, response) => {
      response
        .writeHead(426, { 'content-type': 'text/plain' })
        .end('this is the endpoint of Buildbot workers\n');
    });
    server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.#sessions.attach(server);
    const { host, port } = this.#wanted;
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) => {
        const hint = 'another master may run here, or change listen.workers';
        reject(
          new UserError(`cannot listen for workers on ${host}:${port}: ${messageOf(error)}`, {
            hint,
            cause: error,
          }),
        );
      });
      server.listen(port, host, resolve);
    });
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await this.#sessions.stop();
    const late = setTimeout(() => this.#cut(), GOODBYE_MS);
    await closed;
    clearTimeout(late);
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
