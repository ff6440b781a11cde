/**
 * What the store needs of an SQL engine beside the common language of Kysely: transactions on its one writing
 * connection, a column type for ids, and the sorting of its errors. Everything an engine does in its own way is
 * behind this.
 */
import type { Kysely } from 'kysely';
import type { Columns } from './migrations/migration.ts';
import type { Tables } from './tables.ts';

/**
 * What a failed statement or commit means: `conflict` and other `verb` errors concern one verb, `full` everybody in
 * the transaction until there is space again, `fatal` that the disk cannot be trusted any more.
 */
export type FailureKind = 'verb' | 'full' | 'fatal';

export interface Engine {
  /** Sees what is committed, and never waits for the writer. */
  readonly reader: Kysely<Tables>;
  /** The same for statements that may look at a whole table: they keep nothing else from running. */
  readonly slowReader: Kysely<Tables>;
  /** The one writing connection; used by the write queue alone. */
  readonly writer: Kysely<Tables>;
  readonly columns: Columns;
  /** Begin to write, waiting for other writers of the same database for a bounded time. */
  begin(): Promise<void>;
  /** Resolves when everything since `begin` is on disk. */
  commit(): Promise<void>;
  /** Give up everything since `begin`; harmless when the engine has done so itself. */
  rollback(): Promise<void>;
  savepoint(): Promise<void>;
  release(): Promise<void>;
  rollbackToSavepoint(): Promise<void>;
  /** False after an error that made the engine give the whole transaction up. */
  inTransaction(): boolean;
  failureKind(error: unknown): FailureKind;
  close(): Promise<void>;
}
