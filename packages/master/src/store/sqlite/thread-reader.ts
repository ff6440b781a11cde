/**
 * A reading connection in a thread of its own, for statements that may look at a whole table: the main thread does its
 * other work meanwhile. The thread is there only while it is needed. One statement at a time, and each for a limited
 * time.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ExternalError, UserError } from '@buildbot/shared';
import { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { readingDialect, type Statement } from './dialect.ts';

/** A statement to run, or the wish for more of its rows. */
export type Request = Statement | 'more';
export type Reply = { rows: unknown[]; isLast: boolean } | { error: string };

export interface ThreadReaderOptions {
  /** A statement is given up after so long. Milliseconds. */
  limitMs?: number;
  /** The thread ends when nobody has asked for so long. Milliseconds. */
  idleMs?: number;
}

/** Of a file of this program beside this one, as it runs now: from its source or from what was made of it. */
const THREAD = new URL(`./reading-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
/** Megabytes of heap: two portions of rows are all it holds. */
const HEAP_MB = 32;

export class ThreadReader {
  readonly db: Kysely<Tables>;
  readonly #path: string;
  readonly #options: ThreadReaderOptions;
  #thread: Worker | null = null;
  /** A thread that was ended is gone when what it did is done to its end. */
  #gone: Promise<unknown> = Promise.resolve();
  /** The statement under way; the next one waits for its end. */
  #last: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  constructor(path: string, options: ThreadReaderOptions = {}) {
    this.#path = path;
    this.#options = options;
    this.db = new Kysely<Tables>({ dialect: readingDialect((statement) => this.#inTurn(statement)) });
  }

  /** Whether a thread is there. */
  get isRunning(): boolean {
    return this.#thread !== null;
  }

  /** End the thread. A statement under way fails. */
  async close(): Promise<void> {
    clearTimeout(this.#idle);
    const thread = this.#thread;
    this.#thread = null;
    await thread?.terminate();
  }

  #inTurn(statement: Statement): Promise<unknown[]> {
    const rows = this.#last.then(() => this.#run(statement));
    this.#last = rows.catch(() => undefined);
    return rows;
  }

  async #run(statement: Statement): Promise<unknown[]> {
    await this.#gone;
    const { limitMs = 20_000, idleMs = 10_000 } = this.#options;
    clearTimeout(this.#idle);
    const thread = this.#started();
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), limitMs);
    try {
      return await allRows(thread, statement, late.signal);
    } catch (error) {
      if (this.#thread === thread) this.#gone = this.close();
      if (!late.signal.aborted) throw error;
      throw new UserError(`reading this takes more than ${limitMs / 1000}s`, {
        hint: 'filter by builder, worker or result, or set a limit',
        cause: error,
      });
    } finally {
      clearTimeout(timer);
      this.#idle = setTimeout(() => void this.close(), idleMs).unref();
    }
  }

  #started(): Worker {
    if (this.#thread !== null) return this.#thread;
    const thread = new Worker(THREAD, {
      workerData: this.#path,
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: 4 },
    });
    // An idle thread keeps no process; one that fails is told of by the statement that waits for it.
    thread.unref();
    thread.on('error', () => undefined);
    thread.once('exit', () => {
      if (this.#thread === thread) this.#thread = null;
    });
    this.#thread = thread;
    return thread;
  }
}

async function allRows(thread: Worker, statement: Statement, signal: AbortSignal): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (let request: Request = statement; ; request = 'more') {
    const reply = await ask(thread, request, signal);
    if ('error' in reply) throw new ExternalError('database', reply.error);
    rows.push(...reply.rows);
    if (reply.isLast) return rows;
  }
}

/** The thread's one answer to one message; also an early end of the thread ends the waiting. */
async function ask(thread: Worker, request: Request, signal: AbortSignal): Promise<Reply> {
  const settled = new AbortController();
  const either = { signal: AbortSignal.any([signal, settled.signal]) };
  const ended = once(thread, 'exit', either).then(() => {
    throw new ExternalError('database', 'the thread that reads the database has ended');
  });
  try {
    const replied = once(thread, 'message', either) as Promise<[Reply]>;
    thread.postMessage(request);
    const [reply] = await Promise.race([replied, ended]);
    return reply;
  } finally {
    ended.catch(() => undefined);
    settled.abort();
  }
}
