/**
 * Opening a store: the database is checked, held alone and brought to this program's schema, torn log tails are cut,
 * and then the port is answered by the verbs. Also what `buildbot-master upgrade` needs.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { UserError } from '@buildbot/shared';
import { type Clock, type FailPoint, type Logger, noFailPoint } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { LogReader } from './log-reader.ts';
import { LogWriter } from './log-writer.ts';
import { LogFiles } from './logs/log-files.ts';
import { migrate } from './migrate.ts';
import type { Migration } from './migrations/migration.ts';
import { MIGRATIONS } from './migrations/registry.ts';
import { PatchFiles } from './patch-files.ts';
import { recoverLogFiles } from './recovery.ts';
import { SqliteEngine } from './sqlite/engine.ts';
import {
  createDatabaseFile,
  holdAlone,
  keepCopy,
  requireCurrent,
  requireKnown,
  requireNothingLost,
  requirePrivate,
  requireSound,
  syncDirectory,
  schemaVersion as versionOf,
} from './sqlite/files.ts';
import { createStore } from './store.ts';
import { WriteQueue } from './write-queue.ts';

export interface StoreOptions {
  /** The master's folder: `logs/` and `patches/` are made in it. */
  basedir: string;
  /** `sqlite:FILE`, relative to `basedir`. */
  url?: string;
  clock: Clock;
  logger: Logger;
  /** Told once when a write did not reach the disk: end the process, the next start goes on from what is there. */
  fatal: (error: Error) => void;
  failPoint?: FailPoint;
}

/** Path of the database that `url` names. */
export function databasePath(basedir: string, url = 'sqlite:state.sqlite'): string {
  const file = /^sqlite:(?:\/\/(?=\/))?(.+)$/.exec(url)?.[1];
  if (file === undefined) {
    throw new UserError(`database.url is '${url}': expected sqlite:FILE`, {
      hint: 'for example sqlite:state.sqlite',
    });
  }
  return isAbsolute(file) ? file : join(basedir, file);
}

/** Open the store; a new one is made where there is none, an older schema is refused with the way to upgrade it. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const { basedir, clock, logger, fatal, failPoint = noFailPoint } = options;
  const path = databasePath(basedir, options.url);
  const logRoot = join(basedir, 'logs');
  const patchRoot = join(basedir, 'patches');
  const letGo = await prepare(path, logRoot, basedir);
  try {
    makeFolders(basedir, [logRoot, patchRoot]);
    const engine = new SqliteEngine(path, { onHeldBack: (frames) => warnOfReader(logger, path, frames) });
    await migrate(engine, () => clock.now());
    const queue = new WriteQueue({ engine, clock, logger, fatal });
    const files = new LogFiles(logRoot);
    const patches = new PatchFiles(patchRoot, (error) => queue.fail(error));
    const { reader, slowReader } = engine;
    await recoverLogFiles({ reader, queue, files, logger });
    return createStore({
      reader,
      slowReader,
      queue,
      files,
      patches,
      logs: new LogReader(reader, files),
      writer: new LogWriter({ reader, queue, files, logger, failPoint }),
      failPoint,
      clock,
      async close() {
        await queue.close();
        await files.close();
        await engine.close();
        letGo();
      },
    });
  } catch (error) {
    letGo();
    throw error;
  }
}

function warnOfReader(logger: Logger, path: string, frames: number): void {
  const what = 'another program has been reading the database for so long that its write-ahead log grows';
  logger.warn({ frames, file: `${path}-wal` }, `${what}: end the program, or the disk fills`);
}

/** Everything that can be refused before the database is opened for writing. Returns the way to let go of it. */
async function prepare(path: string, logRoot: string, basedir: string): Promise<() => void> {
  const isNew = !existsSync(path);
  if (isNew) {
    requireNothingLost(path, logRoot);
    createDatabaseFile(path);
  }
  requirePrivate(path);
  const letGo = holdAlone(path);
  try {
    requireSound(path);
    requireCurrent(path, await versionOf(path), { basedir });
    return letGo;
  } catch (error) {
    letGo();
    throw error;
  }
}

/**
 * Folders whose names are on the disk: a power cut takes a synced file along with a folder whose name was never synced.
 * Also those that are there already, since who made them may have been killed before.
 */
function makeFolders(basedir: string, folders: readonly string[]): void {
  for (const folder of folders) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    syncDirectory(folder);
  }
  syncDirectory(basedir);
}

/** Version of the schema in the database at `path`; 0 when there is none yet. */
export async function schemaVersion(path: string): Promise<number> {
  return await versionOf(path);
}

export interface Upgraded {
  from: number;
  to: number;
  /** Where the database as it was is kept; `null` when there was nothing to do. */
  copy: string | null;
}

/** Bring the database at `path` to this program's schema, keeping a copy of what it was. No master may run on it. */
export async function upgrade(
  path: string,
  clock: Clock,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<Upgraded> {
  const to = migrations.length;
  if (!existsSync(path))
    throw new UserError(`there is no database ${path}`, { hint: 'buildbot-master create' });
  requirePrivate(path);
  const letGo = holdAlone(path);
  try {
    requireSound(path);
    const from = await versionOf(path);
    requireKnown(path, from, to);
    if (from === to) return { from, to, copy: null };
    const copy = keepCopy(path, to);
    const engine = new SqliteEngine(path);
    try {
      await migrate(engine, () => clock.now(), migrations);
    } finally {
      await engine.close();
    }
    return { from, to, copy };
  } finally {
    letGo();
  }
}
