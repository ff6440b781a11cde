/**
 * The workers' side of the master as a service: serves the workers' endpoint while it runs. What the others need of it
 * is its `pool`.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WORKER_PATH } from '@buildbot/shared';
import type { Clock, Logger, Service } from '../ports/service.ts';
import type { WorkerPool } from '../ports/workers.ts';
import type { LinkTiming } from './absence.ts';
import type { WorkerAccount } from './accounts.ts';
import type { SessionStore } from './desk.ts';
import { Desks } from './desks.ts';
import { Doorman } from './doorman.ts';

export type { LinkTiming } from './absence.ts';
export type { WorkerAccount } from './accounts.ts';
export type { SessionStore } from './desk.ts';

/** Enough for a fast link over some distance (100 MB/s at 40 ms); with it, memory per worker is bounded. */
const DEFAULT_WINDOW_BYTES = 4 * 1024 * 1024;

export interface WorkerSessionsOptions {
  store: SessionStore;
  clock: Clock;
  logger: Logger;
  /** The configured workers with their ids in the store. */
  workers: readonly WorkerAccount[];
  timing: LinkTiming;
  /** Bytes of unacknowledged frames that a worker may have under way. */
  windowBytes?: number;
}

export class WorkerSessions implements Service {
  readonly name = 'worker sessions';
  readonly #options: WorkerSessionsOptions;
  readonly #desks: Desks;
  #doorman: Doorman | null = null;

  constructor(options: WorkerSessionsOptions) {
    const { store, clock, logger, timing, windowBytes = DEFAULT_WINDOW_BYTES } = options;
    this.#options = options;
    this.#desks = new Desks({ store, clock, logger, timing, window: windowBytes });
    this.#desks.configure(options.workers);
  }

  get pool(): WorkerPool {
    return this.#desks;
  }

  async start(): Promise<void> {
    const { clock, logger, timing } = this.#options;
    this.#doorman ??= new Doorman({
      clock,
      logger,
      timing,
      accounts: () => this.#desks.accounts,
      onAdmitted: (account, link, hello, protocol) => this.#desks.seat(account, link, hello, protocol),
    });
  }

  /**
   * Close all connections; the workers keep what runs and come back to the next master. Outcomes that are still awaited
   * stay pending: whoever awaits them is stopped by its own life cycle.
   */
  async stop(): Promise<void> {
    this.#doorman?.close();
    this.#doorman = null;
    await this.#desks.closeAll();
  }

  /** Take over a changed list of workers, passwords included. */
  configure(workers: readonly WorkerAccount[]): void {
    this.#desks.configure(workers);
  }

  /** Serve the workers' endpoint on this server. Upgrades to other paths are left to others. */
  attach(server: Server): void {
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (request.url === WORKER_PATH) this.handleUpgrade(request, socket, head);
    });
  }

  /** Take one upgrade to the workers' endpoint. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#doorman === null) socket.destroy();
    else this.#doorman.handleUpgrade(request, socket, head);
  }
}
