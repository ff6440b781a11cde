/** What a migration is: one numbered, append-only change of the schema, written in what all engines share. */
import type { ColumnDefinitionBuilder, CreateTableBuilder, Kysely } from 'kysely';
import type { Tables } from '../tables.ts';

/** The column types that engines name differently. */
export interface Columns {
  /** Add a 64-bit primary key that the engine counts up and never gives twice. */
  id<T extends string, C extends string, N extends string>(
    table: CreateTableBuilder<T, C>,
    name: N,
  ): CreateTableBuilder<T, C | N>;
  /** A 64-bit whole number. */
  int: 'integer' | 'bigint';
}

export interface Migration {
  /** Schema version after it, from 1, without gaps. */
  version: number;
  name: string;
  /** Runs in a transaction of its own. */
  up(db: Kysely<Tables>, columns: Columns): Promise<void>;
}

/** For columns that always have a value. */
export const required = (column: ColumnDefinitionBuilder): ColumnDefinitionBuilder => column.notNull();
