/**
 * Everything about one worker of the configuration: the commands wanted of it, its session, its connection if it has one.
 * Connections come and go; the commands stay until their outcome is durable, the worker process is known to be gone, or
 * it did not come back within the grace.
 */
import { type CommandKey, type CommandOutcome, type Hello, messageOf, type Welcome } from '@buildbot/shared';
import { PROCESS_GONE } from '../core/worker-process.ts';
import type { Clock, Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { ConnectedWorker, WantedCommand, WorkerIdentity } from '../ports/workers.ts';
import { Absence, type LinkTiming } from './absence.ts';
import { Conversation } from './conversation.ts';
import { type HeldCommand, NEVER_BEGUN } from './held-command.ts';
import { HeldCommands } from './held-commands.ts';
import type { Link } from './link.ts';
import { isNews, keptPart, reportAtHello, reportOf, type SelfReport } from './self-report.ts';
import { WorkerRecord } from './worker-record.ts';

export type SessionStore = Pick<
  Store,
  'openSession' | 'commitWorkerEffects' | 'setWorkerState' | 'noteWorker'
>;

export interface DeskDeps {
  store: SessionStore;
  clock: Clock;
  logger: Logger;
  timing: LinkTiming;
  /** Bytes of unacknowledged frames that the worker may have under way. */
  window: number;
  /** The worker came, went, or changed its availability. */
  onChange: () => void;
}

interface Connection {
  link: Link;
  hello: Hello;
  conversation: Conversation;
  state: ConnectedWorker;
}

export class Desk {
  readonly account: WorkerIdentity;
  readonly #deps: DeskDeps;
  readonly #logger: Logger;
  readonly #record: WorkerRecord;
  readonly #held = new HeldCommands();
  readonly #absence: Absence;
  #connection: Connection | null = null;
  /** The master is stopping: nobody is waited for. */
  #isClosed = false;
  /** Takeovers one after the other, and with them everything that is written about this worker's state. */
  #turn: Promise<void> = Promise.resolve();

  constructor(account: WorkerIdentity, deps: DeskDeps) {
    this.account = account;
    this.#deps = deps;
    this.#logger = deps.logger.child({ worker: account.name });
    const { clock, store, timing } = deps;
    this.#record = new WorkerRecord({ store, workerId: account.workerId, logger: this.#logger });
    this.#absence = new Absence({ clock, timing, name: account.name, held: this.#held });
  }

  get connected(): ConnectedWorker | null {
    return this.#connection?.state ?? null;
  }

  /** A worker that knows the password is here. It takes over from whatever connection there was. */
  accept(link: Link, hello: Hello, protocol: number): Promise<void> {
    this.#isClosed = false;
    return this.#next(async () => {
      try {
        await this.#takeOver(link, hello, protocol);
      } catch (error) {
        this.#logger.error({ err: error }, `a worker could not be let in: ${messageOf(error)}`);
        link.cut('the master failed');
        this.#waitForWorker();
      }
    });
  }

  /** Wanting the same key again answers the same outcome. */
  run(wanted: WantedCommand): Promise<CommandOutcome> {
    const known = this.#held.byKey.get(wanted.key);
    if (known !== undefined) return known.outcome;
    const held = this.#held.add(wanted);
    if (this.#connection === null) this.#waitForWorker();
    else this.#deliver(held, this.#connection.link);
    return held.outcome;
  }

  has(key: CommandKey): boolean {
    return this.#held.byKey.has(key);
  }

  stop(key: CommandKey, reason: string): void {
    const held = this.#held.byKey.get(key);
    if (held === undefined || held.stopReason !== null) return;
    held.stopReason = reason;
    if (!held.isDelivered) this.#held.end(held, NEVER_BEGUN);
    else if (this.#connection === null) this.#waitForWorker();
    else this.#connection.link.send({ type: 'stop', key, reason });
  }

  async ping(timeoutMs: number): Promise<boolean> {
    return (await this.#connection?.conversation.ping(timeoutMs)) ?? false;
  }

  /** The worker is on its way out and no build is left there: it may go. */
  release(): void {
    const reason = 'no build is left here';
    this.#connection?.link.close({ type: 'refused', code: 'shutting-down', reason, again: false }, reason);
  }

  /** Out of service: the process ends and does not come back by itself. */
  retire(reason: string): void {
    this.#connection?.link.close({ type: 'superseded', reason }, reason);
  }

  /** Close the connection; what is wanted stays wanted. Resolves when nothing is being written any more. */
  async close(code: 'shutting-down' | 'unknown-worker', reason: string): Promise<void> {
    this.#isClosed = true;
    this.#absence.end();
    const again = code === 'shutting-down';
    this.#connection?.link.close({ type: 'refused', code, reason, again }, reason);
    await this.#next(async () => undefined);
  }

  /** The worker is no longer in the configuration: nobody will say how its commands end. */
  dismiss(reason: string): Promise<void> {
    this.#held.lose(this.#held.all, reason);
    return this.close('unknown-worker', reason);
  }

  async #takeOver(link: Link, hello: Hello, protocol: number): Promise<void> {
    const { timing, window } = this.#deps;
    if (this.#connection?.hello.bootId === hello.bootId) await this.#dropOlder(this.#connection);
    const { neverSent } = this.#held;
    const keys = neverSent.map(({ wanted }) => wanted.key);
    const { store } = this.#deps;
    const { standing, ackedSeq } = await store.openSession(this.account.workerId, hello.bootId, keys);
    if (standing === 'superseded') return this.#supersede(link, hello, 'took its place');
    if (this.#connection !== null) await this.#replace(this.#connection, hello);
    if (standing === 'new') this.#loseOlder(neverSent);
    if (!link.isOpen) return this.#waitForWorker();
    this.#held.settleStopped(hello.commands);
    const { wanted } = this.#held;
    for (const held of wanted) held.isDelivered = true;
    const welcome: Welcome = {
      type: 'welcome',
      protocol,
      ackedSeq,
      ...timing,
      window,
      drains: true,
      wanted: wanted.map(({ wanted: { key, command } }) => ({ key, command })),
    };
    this.#absence.end();
    this.#connect(link, hello, ackedSeq);
    link.send(welcome);
    await this.#announce();
  }

  /**
   * The newest connection wins. What the older one received but did not store is sent again over the new one. No farewell:
   * on a bad network the older of two hellos may arrive last, and then the process is still there.
   */
  async #dropOlder({ link, conversation }: Connection): Promise<void> {
    this.#connection = null;
    link.cut('the worker has a newer connection');
    await conversation.close();
  }

  /** The newest process wins. */
  async #replace({ link, hello: older, conversation }: Connection, hello: Hello): Promise<void> {
    this.#connection = null;
    await this.#supersede(link, older, `has connected (host ${hello.info.host ?? 'unknown'})`);
    await conversation.close();
  }

  /**
   * A process that was replaced, just now or before it was frozen and thawed, must not take its place again. Both hear of
   * it: the process, which ends, and whoever reads the master's log and events.
   */
  async #supersede(link: Link, older: Hello, what: string): Promise<void> {
    const reason = `another process of worker ${this.account.name} ${what}`;
    this.#logger.warn({}, reason);
    link.close({ type: 'superseded', reason }, reason);
    await this.#record.tell('superseded', { host: older.info.host, reason });
  }

  /**
   * The process that had the commands is gone, or is told that it has been replaced. What no process was ever asked for
   * is started on the new one.
   */
  #loseOlder(neverSent: readonly HeldCommand[]): void {
    const gone = this.#held.all.filter((held) => !neverSent.includes(held));
    this.#held.lose(gone, PROCESS_GONE);
  }

  #connect(link: Link, hello: Hello, ackedSeq: number): void {
    const { workerId, name } = this.account;
    const { store, window } = this.#deps;
    const conversation = new Conversation({
      link,
      ackedSeq,
      window,
      logger: this.#logger,
      held: this.#held.byKey,
      commit: (effects) => store.commitWorkerEffects(workerId, hello.bootId, effects),
      onEnded: (held, outcome) => this.#held.end(held, outcome),
      onAvailability: (message) => {
        if (this.#connection?.link === link) this.#hear(this.#connection.state, reportOf(message));
      },
      onSilence: (silentForMs) => this.#noteSilence(link, silentForMs),
      onBreach: (reason) => this.#breach(link, reason),
      onClose: (reason) => this.#closed(link, reason),
    });
    const state = { workerId, name, info: hello.info, ...reportAtHello(hello) };
    this.#connection = { link, hello, conversation, state };
  }

  async #announce(): Promise<void> {
    const state = this.#connection?.state;
    if (state === undefined) return;
    const { info } = state;
    this.#logger.info({ info }, 'worker connected');
    this.#deps.onChange();
    await this.#record.keep({ connected: true, info, ...keptPart(state) });
  }

  /** Load alone is noted and makes nobody look: it says where the next build goes, not that one can start. */
  #hear(state: ConnectedWorker, report: SelfReport): void {
    const changed = isNews(state, report);
    Object.assign(state, report);
    if (!changed) return;
    void this.#next(async () => {
      // What a process said in its last moment is not true of the one that has taken its place.
      if (this.#connection === null || this.#connection.state === state)
        await this.#record.keep(keptPart(report));
    });
    this.#deps.onChange();
  }

  /** For people alone: what is done about a silent worker is done when its connection is cut. */
  #noteSilence(link: Link, silentForMs: number | null): void {
    const silentAt = silentForMs === null ? null : this.#deps.clock.now() - silentForMs;
    void this.#next(async () => {
      if (this.#connection?.link === link) await this.#record.keep({ silentAt });
    });
  }

  /** A worker whose words cannot be trusted loses its session, and all that depended on them is lost. It may come back. */
  #breach(link: Link, reason: string): void {
    const text = `worker ${this.account.name} broke the protocol: ${reason}`;
    this.#logger.error({}, text);
    link.close(
      { type: 'refused', code: 'malformed', reason: text.slice(0, 1000), again: true },
      'protocol error',
    );
    this.#held.lose(
      this.#held.all.filter(({ isDelivered }) => isDelivered),
      text,
    );
    void this.#next(() => this.#record.tell('breach', { reason }));
  }

  #closed(link: Link, reason: string): void {
    const connection = this.#connection;
    if (connection?.link !== link) return;
    this.#connection = null;
    this.#logger.info({ reason }, 'worker disconnected');
    this.#waitForWorker();
    this.#deps.onChange();
    void this.#next(async () => {
      await connection.conversation.close();
      if (this.#connection !== null) return;
      // Its wish to leave goes with it: should the same process come back, it says so again.
      const graceful = connection.state.graceful ? { graceful: false } : {};
      await this.#record.keep({ connected: false, ...graceful });
    });
  }

  #deliver(held: HeldCommand, link: Link): void {
    held.isDelivered = true;
    link.send({ type: 'start', key: held.wanted.key, command: held.wanted.command });
  }

  #waitForWorker(): void {
    if (!this.#isClosed && this.#connection === null) this.#absence.begin();
  }

  #next(action: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(action);
    return this.#turn;
  }
}
