/**
 * A Kysely dialect over one open better-sqlite3 connection, here or in a thread. Unlike Kysely's own it keeps prepared statements, which
 * halves the cost of a small query (2026-11-21: 9 instead of 19 µs), and leaves transactions to the engine.
 */

import { BugError } from '@buildbot/shared';
import type { Database, Statement as Prepared } from 'better-sqlite3';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/** Statements kept per connection; the least recently used one goes first. */
const MAX_STATEMENTS = 500;

/** Prepared statements of one connection by their text. */
class StatementCache {
  readonly #db: Database;
  readonly #statements = new Map<string, Prepared>();

  constructor(db: Database) {
    this.#db = db;
  }

  get(sql: string): Prepared {
    const known = this.#statements.get(sql);
    if (known !== undefined) this.#statements.delete(sql);
    const statement = known ?? this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > MAX_STATEMENTS) this.#forgetOldest();
    return statement;
  }

  #forgetOldest(): void {
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined) this.#statements.delete(oldest);
  }
}

/** Text and parameters of a statement. */
export type Statement = Pick<CompiledQuery, 'sql' | 'parameters'>;
type Execute = (statement: Statement) => Promise<QueryResult<unknown>>;

/** Run statements on `db`, prepared once. */
function executeOn(db: Database): Execute {
  const statements = new StatementCache(db);
  return async ({ sql, parameters }) => {
    const statement = statements.get(sql);
    if (statement.reader) return { rows: statement.all(...parameters) };
    const { changes, lastInsertRowid } = statement.run(...parameters);
    return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
  };
}

class SqliteConnection implements DatabaseConnection {
  readonly #execute: Execute;

  constructor(execute: Execute) {
    this.#execute = execute;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    return (await this.#execute({ sql, parameters })) as QueryResult<R>;
  }

  streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new BugError('the store reads in pages, it does not stream queries');
  }
}

class SqliteDriver implements Driver {
  readonly #connection: SqliteConnection;

  constructor(execute: Execute) {
    this.#connection = new SqliteConnection(execute);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(): Promise<void> {
    throw new BugError('transactions are begun by the write queue only');
  }

  async commitTransaction(): Promise<void> {
    throw new BugError('transactions are committed by the write queue only');
  }

  async rollbackTransaction(): Promise<void> {
    throw new BugError('transactions are rolled back by the write queue only');
  }

  async destroy(): Promise<void> {}
}

/** Let Kysely speak to `db`, which stays the caller's to close. */
export function sqliteDialect(db: Database): Dialect {
  return dialectOver(executeOn(db));
}

/** Let Kysely speak to whatever reads rows for a statement. */
export function readingDialect(read: (statement: Statement) => Promise<unknown[]>): Dialect {
  return dialectOver(async (statement) => ({ rows: await read(statement) }));
}

function dialectOver(execute: Execute): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(execute),
    createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}
