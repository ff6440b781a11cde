/** Where workers connect: a listener whose only service is the upgrade to the workers' WebSocket. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { messageOf, UserError } from '@buildbot/shared';
import type { Service } from '../ports/service.ts';
import type { WorkerSessions } from './worker-sessions.ts';

/** A worker's upgrade is one small request; whatever takes longer is not a worker. */
const HEADERS_TIMEOUT_MS = 10_000;

export class WorkerDoor implements Service {
  readonly name = 'workers door';
  readonly #sessions: Pick<WorkerSessions, 'attach'>;
  readonly #wanted: { host: string; port: number };
  #server: Server | null = null;

  /** `address` is `host:port`; port 0 takes any free one. */
  constructor(sessions: Pick<WorkerSessions, 'attach'>, address: string) {
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
    await closed;
  }
}
