/**
 * Group commit. A sync of the disk is what a small write costs, so all verbs that arrive while the loop is busy (with
 * the previous commit, with sockets) share one transaction and one sync. Each verb runs in a savepoint: one that
 * throws takes only itself back. Nobody is told anything before the commit.
 *
 * The story that breaks the naive version: a verb's promise resolves, its caller tells a worker "acknowledged", and
 * then the shared commit fails. So results are held until the commit is through, and a failed commit fails all.
 */
import { BugError, ExternalError, type Log, messageOf, type StoredEvent } from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { Clock, Logger } from '../ports/service.ts';
import type { CommitListener } from '../ports/store.ts';
import type { Engine } from './engine.ts';
import { insertEvents, type NewEvent } from './outbox.ts';
import type { Tables } from './tables.ts';

/** What a verb works with. Valid until the verb's promise settles. */
export interface WriteContext {
  readonly db: Kysely<Tables>;
  /** Time of this verb, epoch milliseconds. */
  readonly now: number;
  /** Write an event with this verb. */
  emit(paths: string[], body: unknown): void;
  /** Tell listeners that a log has grown: told, not kept. */
  grew(log: Log): void;
  /** Run `task` as soon as the commit is through, before anybody is told of it. */
  afterCommit(task: () => void): void;
}

export type Verb<T> = (context: WriteContext) => Promise<T>;

/** Verbs that one transaction takes at most: bounds how long the first of them waits. */
const MAX_GROUP = 256;

interface Waiting {
  run(context: WriteContext): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

interface Done {
  verb: Waiting;
  value: unknown;
}

/** What the verbs of one transaction have to tell once it is committed. */
class Group {
  readonly done: Done[] = [];
  readonly events: NewEvent[] = [];
  readonly growth = new Map<number, Log>();
  readonly tasks: (() => void)[] = [];
}

export interface WriteQueueDeps {
  engine: Engine;
  clock: Clock;
  logger: Logger;
  /** Told once when the disk cannot be trusted any more; every verb after that is refused. */
  fatal: (error: Error) => void;
}

export class WriteQueue {
  readonly #deps: WriteQueueDeps;
  readonly #waiting: Waiting[] = [];
  readonly #listeners = new Set<CommitListener>();
  #working: Promise<void> | null = null;
  /** Why no more verbs are taken. */
  #ended: Error | null = null;

  constructor(deps: WriteQueueDeps) {
    this.#deps = deps;
  }

  /** Resolves with the verb's value once its transaction is on disk. */
  run<T>(verb: Verb<T>): Promise<T> {
    if (this.#ended !== null) return Promise.reject(this.#ended);
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: verb, resolve: (value) => resolve(value as T), reject });
      this.#working ??= this.#work();
    });
  }

  onCommit(listener: CommitListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Refuse new verbs and wait for those that were taken. */
  async close(): Promise<void> {
    this.#ended ??= new BugError('the store is closed');
    while (this.#working !== null) await this.#working;
  }

  /** Declare the disk broken: a sync failed, so what the kernel still holds may never arrive. */
  fail(error: unknown): Error {
    const failure = new ExternalError('store', `the disk failed: ${messageOf(error)}`, { cause: error });
    if (this.#ended instanceof ExternalError) return this.#ended;
    this.#ended = failure;
    this.#deps.logger.error({ err: error }, 'the store stops: a write did not reach the disk');
    this.#deps.fatal(failure);
    return failure;
  }

  async #work(): Promise<void> {
    while (this.#waiting.length > 0) {
      // One turn of the loop: whatever sockets and timers have ready joins this transaction.
      await new Promise((resolve) => setImmediate(resolve));
      await this.#transact();
    }
    this.#working = null;
  }

  async #transact(): Promise<void> {
    const { engine } = this.#deps;
    try {
      await engine.begin();
    } catch (error) {
      return this.#refuse(this.#waiting.splice(0, MAX_GROUP), error);
    }
    const group = new Group();
    let stored: StoredEvent[];
    try {
      await this.#runVerbs(group);
      stored = await insertEvents(engine.writer, group.events);
      await engine.commit();
    } catch (error) {
      await this.#rollback();
      const verbs = group.done.map(({ verb }) => verb);
      return this.#refuse(verbs, error);
    }
    for (const task of group.tasks) task();
    for (const { verb, value } of group.done) verb.resolve(value);
    this.#tell(stored, [...group.growth.values()]);
  }

  async #runVerbs(group: Group): Promise<void> {
    while (group.done.length < MAX_GROUP) {
      const verb = this.#waiting.shift();
      if (verb === undefined) return;
      try {
        await this.#runVerb(verb, group);
      } catch (error) {
        // It is not among the done ones, and the transaction that carries them is lost.
        verb.reject(this.#explain(error));
        throw error;
      }
    }
  }

  /** Run one verb in a savepoint; throws only when the whole transaction is lost. */
  async #runVerb(verb: Waiting, group: Group): Promise<void> {
    const { engine, clock } = this.#deps;
    const events: NewEvent[] = [];
    const growth: Log[] = [];
    const tasks: (() => void)[] = [];
    const now = clock.now();
    await engine.savepoint();
    try {
      const value = await verb.run({
        db: engine.writer,
        now,
        emit: (paths, body) => events.push({ paths, body, at: now }),
        grew: (log) => growth.push(log),
        afterCommit: (task) => tasks.push(task),
      });
      await engine.release();
      group.done.push({ verb, value });
      group.events.push(...events);
      group.tasks.push(...tasks);
      for (const log of growth) group.growth.set(log.logId, log);
    } catch (error) {
      if (engine.failureKind(error) !== 'verb' || !engine.inTransaction()) throw error;
      await engine.rollbackToSavepoint();
      verb.reject(error);
    }
  }

  /** The transaction is lost: everybody in it is told why. */
  #refuse(verbs: Waiting[], error: unknown): void {
    const reason = this.#explain(error);
    for (const verb of verbs) verb.reject(reason);
  }

  async #rollback(): Promise<void> {
    try {
      await this.#deps.engine.rollback();
    } catch (error) {
      this.fail(error);
    }
  }

  #explain(error: unknown): Error {
    const { engine } = this.#deps;
    const kind = engine.failureKind(error);
    if (kind === 'fatal') return this.fail(error);
    if (kind === 'full') {
      return new ExternalError('database', 'the disk is full', {
        cause: error,
        hint: 'free space; nothing was lost',
        isPassing: true,
      });
    }
    return error instanceof Error ? error : new BugError(messageOf(error));
  }

  #tell(events: StoredEvent[], growth: Log[]): void {
    if (events.length === 0 && growth.length === 0) return;
    for (const listener of [...this.#listeners]) {
      try {
        listener(events, growth);
      } catch (error) {
        this.#deps.logger.error({ err: error }, 'a listener of the store failed');
      }
    }
  }
}
