/** All workers of the configuration, each at its desk, as the rest of the master sees them. */
import type { CommandKey, CommandOutcome, Hello } from '@buildbot/shared';
import type {
  ConnectedWorker,
  FormerWorker,
  WantedCommand,
  WorkerIdentity,
  WorkerPool,
} from '../ports/workers.ts';
import { Accounts, type WorkerAccount } from './accounts.ts';
import { Desk, type DeskDeps } from './desk.ts';
import type { Link } from './link.ts';

export class Desks implements WorkerPool {
  readonly #deps: Omit<DeskDeps, 'onChange'>;
  readonly #desks = new Map<number, Desk>();
  readonly #listeners = new Set<(workerId: number) => void>();
  /** Of workers that left the configuration while they may still have builds. */
  readonly #departing = new Map<number, WorkerAccount>();
  /** Of workers that left it while the master was away. They stay here until they have heard that they are not wanted. */
  readonly #former = new Map<number, FormerWorker>();
  #configured: readonly WorkerAccount[] = [];
  #accounts = new Accounts([]);

  constructor(deps: Omit<DeskDeps, 'onChange'>) {
    this.#deps = deps;
  }

  get accounts(): Accounts {
    return this.#accounts;
  }

  /**
   * Take over a changed list of workers. Those that stay are not disturbed, also by another password: they need it when
   * they connect the next time. One that is gone keeps its place, and may come back to it, until it is dismissed.
   */
  configure(workers: readonly WorkerAccount[]): void {
    const before = [...this.#configured, ...this.#departing.values()];
    const ids = new Set(workers.map(({ workerId }) => workerId));
    this.#departing.clear();
    for (const account of before)
      if (!ids.has(account.workerId)) this.#departing.set(account.workerId, account);
    for (const workerId of ids) this.#former.delete(workerId);
    this.#configured = workers;
    this.#admit();
    for (const account of workers) {
      if (!this.#desks.has(account.workerId)) this.#desks.set(account.workerId, this.#newDesk(account));
    }
  }

  keep(worker: FormerWorker): void {
    if (this.#desks.has(worker.workerId)) return;
    this.#former.set(worker.workerId, worker);
    this.#desks.set(worker.workerId, this.#newDesk(worker));
    this.#admit();
  }

  departing(): number[] {
    const former = [...this.#former.keys()].filter((workerId) => this.#desks.has(workerId));
    return [...this.#departing.keys(), ...former];
  }

  dismiss(workerId: number): void {
    if (!this.departing().includes(workerId)) return;
    const desk = this.#desks.get(workerId);
    this.#departing.delete(workerId);
    if (desk?.connected) this.#former.delete(workerId);
    this.#admit();
    this.#desks.delete(workerId);
    void desk?.dismiss(`worker ${desk.account.name} was taken out of the configuration`);
  }

  #admit(): void {
    const accounts = [...this.#configured, ...this.#departing.values()];
    this.#accounts = new Accounts(accounts, [...this.#former.values()]);
  }

  /** A worker that was let in takes its place, or hears that it has none any more: what still runs there must end. */
  seat({ workerId, name }: WorkerIdentity, link: Link, hello: Hello, protocol: number): void {
    const desk = this.#desks.get(workerId);
    const reason = `worker ${name} was taken out of the configuration`;
    if (desk === undefined) link.close({ type: 'superseded', reason }, reason);
    else void desk.accept(link, hello, protocol);
  }

  /** Close all connections; what is wanted stays wanted. */
  async closeAll(): Promise<void> {
    const reason = 'the master is stopping';
    await Promise.all([...this.#desks.values()].map((desk) => desk.close('shutting-down', reason)));
  }

  onChange(listener: (workerId: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  connected(): ConnectedWorker[] {
    return [...this.#desks.values()].flatMap((desk) => desk.connected ?? []);
  }

  async ping(workerId: number, timeoutMs: number): Promise<boolean> {
    return (await this.#desks.get(workerId)?.ping(timeoutMs)) ?? false;
  }

  run(workerId: number, wanted: WantedCommand): Promise<CommandOutcome> {
    const desk = this.#desks.get(workerId);
    if (desk !== undefined) return desk.run(wanted);
    return Promise.resolve({ status: 'lost', reason: 'it is not in the configuration' });
  }

  release(workerId: number): void {
    this.#desks.get(workerId)?.release();
  }

  retire(workerId: number, reason: string): void {
    this.#desks.get(workerId)?.retire(reason);
  }

  stop(key: CommandKey, reason: string): void {
    for (const desk of this.#desks.values()) desk.stop(key, reason);
  }

  #newDesk(account: WorkerIdentity): Desk {
    const onChange = () => {
      for (const listener of this.#listeners) listener(account.workerId);
    };
    return new Desk(account, { ...this.#deps, onChange });
  }
}
