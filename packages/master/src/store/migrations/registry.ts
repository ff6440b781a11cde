/** All migrations in order. Released ones never change; a new one is a new file and one line here. */
import { initial } from './0001-initial.ts';
import { nothingIsLost } from './0002-nothing-is-lost.ts';
import { credentialsAndTests } from './0003-credentials-and-tests.ts';
import type { Migration } from './migration.ts';

export const MIGRATIONS: readonly Migration[] = [initial, nothingIsLost, credentialsAndTests];
