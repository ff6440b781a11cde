/**
 * SQLite as the store's engine: one connection that writes, one that reads, write-ahead log, every commit synced.
 * Waiting for a foreign writer (a backup, an administrator's shell) happens here in turns of the event loop and not
 * inside SQLite, which would stop the whole process meanwhile.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { ExternalError } from '@buildbot/shared';
import Database, { type Database as Connection } from 'better-sqlite3';
import { Kysely } from 'kysely';
import type { Engine, FailureKind } from '../engine.ts';
import type { Columns } from '../migrations/migration.ts';
import type { Tables } from '../tables.ts';
import { type Checkpoint, Checkpoints, type CheckpointsInput } from './checkpoints.ts';
import { sqliteDialect } from './dialect.ts';
import { ThreadReader } from './thread-reader.ts';

/** SQLite's own waiting, which blocks the process. Milliseconds. */
const BUSY_TIMEOUT_MS = 10;
/** How often a `begin` is tried again, and for how long in all. Milliseconds. */
const BUSY_RETRY_MS = 20;
const BUSY_LIMIT_MS = 30_000;
/**
 * What a reading connection keeps of the database, in KiB. The driver's own 16 MB each are more than a long history is
 * worth to a master: the system's cache has the file, too.
 */
const READER_CACHE_KIB = 4000;
/** The write-ahead log is cut back to this after a checkpoint. Bytes. */
const WAL_LIMIT = 64 * 1024 * 1024;

const SQLITE_COLUMNS: Columns = {
  id: (table, name) => table.addColumn(name, 'integer', (column) => column.primaryKey().autoIncrement()),
  int: 'integer',
};

/** Code of an error of SQLite (`SQLITE_BUSY`, …), `''` for any other. */
export function sqliteCode(error: unknown): string {
  return error instanceof Database.SqliteError ? error.code : '';
}

/** Open the database for writing with everything durability needs. The file must exist. */
export function openWriter(path: string): Connection {
  const db = new Database(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma(`journal_size_limit = ${WAL_LIMIT}`);
  // Done by `Checkpoints`, which does not pass over failures.
  db.pragma('wal_autocheckpoint = 0');
  return db;
}

function openReader(path: string): Connection {
  const db = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS });
  db.pragma('query_only = ON');
  db.pragma(`cache_size = -${READER_CACHE_KIB}`);
  return db;
}

function checkpoint(db: Connection, mode: 'NOOP' | 'PASSIVE'): () => Checkpoint {
  const statement = db.prepare<[], Checkpoint>(`pragma wal_checkpoint(${mode})`);
  return () => statement.get() as Checkpoint;
}

/** Kysely over an open connection. */
export function kyselyOn(db: Connection): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: sqliteDialect(db) });
}

/** For connections that are closed soon. */
const UNWATCHED = { onHeldBack: () => undefined };

export class SqliteEngine implements Engine {
  readonly reader: Kysely<Tables>;
  readonly slowReader: Kysely<Tables>;
  readonly writer: Kysely<Tables>;
  readonly columns = SQLITE_COLUMNS;
  readonly #readConnection: Connection;
  readonly #threadReader: ThreadReader;
  readonly #writeConnection: Connection;
  readonly #checkpoints: Checkpoints;
  readonly #statements: Record<
    'begin' | 'commit' | 'rollback' | 'savepoint' | 'release' | 'back',
    () => void
  >;

  constructor(path: string, watch: Omit<CheckpointsInput, 'look' | 'run' | 'failureKind'> = UNWATCHED) {
    const db = openWriter(path);
    this.#writeConnection = db;
    this.#checkpoints = new Checkpoints({
      ...watch,
      look: checkpoint(db, 'NOOP'),
      run: checkpoint(db, 'PASSIVE'),
      failureKind: (error) => this.failureKind(error),
    });
    this.#readConnection = openReader(path);
    this.writer = kyselyOn(db);
    this.reader = kyselyOn(this.#readConnection);
    this.#threadReader = new ThreadReader(path);
    this.slowReader = this.#threadReader.db;
    const statement = (sql: string) => {
      const prepared = db.prepare(sql);
      return () => void prepared.run();
    };
    this.#statements = {
      begin: statement('begin immediate'),
      commit: statement('commit'),
      rollback: statement('rollback'),
      savepoint: statement('savepoint verb'),
      release: statement('release verb'),
      back: statement('rollback to verb'),
    };
  }

  async begin(): Promise<void> {
    for (let waited = 0; ; waited += BUSY_RETRY_MS) {
      try {
        return this.#statements.begin();
      } catch (error) {
        if (!sqliteCode(error).startsWith('SQLITE_BUSY')) throw error;
        if (waited >= BUSY_LIMIT_MS) throw this.#lockedTooLong(error);
      }
      await sleep(BUSY_RETRY_MS);
    }
  }

  #lockedTooLong(cause: unknown): ExternalError {
    const message = `${this.#writeConnection.name} is locked by another program for more than 30s`;
    return new ExternalError('database', message, { cause, hint: 'end whatever holds it open for writing' });
  }

  async commit(): Promise<void> {
    this.#statements.commit();
    this.#checkpoints.committed();
  }

  async rollback(): Promise<void> {
    if (this.inTransaction()) this.#statements.rollback();
  }

  async savepoint(): Promise<void> {
    this.#statements.savepoint();
  }

  async release(): Promise<void> {
    this.#statements.release();
  }

  async rollbackToSavepoint(): Promise<void> {
    this.#statements.back();
    this.#statements.release();
  }

  inTransaction(): boolean {
    return this.#writeConnection.inTransaction;
  }

  failureKind(error: unknown): FailureKind {
    const code = sqliteCode(error);
    if (code === 'SQLITE_FULL') return 'full';
    const isFatal = /^SQLITE_(IOERR|CORRUPT|NOTADB|CANTOPEN|READONLY)/.test(code);
    return isFatal ? 'fatal' : 'verb';
  }

  async close(): Promise<void> {
    await this.#threadReader.close();
    this.#readConnection.close();
    this.#writeConnection.close();
  }
}
