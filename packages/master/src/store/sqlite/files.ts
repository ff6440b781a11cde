/**
 * The database file itself: made private, refused when others may read it, checked, copied before an upgrade, and
 * held by one master at a time.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, UserError } from '@buildbot/shared';
import Database, { type Database as Connection } from 'better-sqlite3';
import { NEWEST_VERSION, readVersion } from '../migrate.ts';
import { kyselyOn, sqliteCode } from './engine.ts';

/** Databases up to this size, a million builds, are checked page by page at every start (2026-11-21: 1 s). Bytes. */
const FULL_CHECK_LIMIT = 256 * 1024 * 1024;

/** Make what a directory names durable. */
export function syncDirectory(path: string): void {
  const handle = openSync(path, 'r');
  fsyncSync(handle);
  closeSync(handle);
}

/** Make an empty database file for its owner only, whatever the umask. */
export function createDatabaseFile(path: string): void {
  closeSync(openSync(path, 'wx', 0o600));
  syncDirectory(dirname(path));
}

/** Refuse a database that others can read: it holds patches, properties and job texts. */
export function requirePrivate(path: string): void {
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw new UserError(`${path} may be read by others (mode ${mode.toString(8)})`, {
    hint: `chmod 600 ${path}`,
  });
}

/** Refuse to begin anew where there clearly was a database once. */
export function requireNothingLost(path: string, logs: string): void {
  const hasLogs = existsSync(logs) && readdirSync(logs).length > 0;
  if (!hasLogs) return;
  throw new UserError(`${path} is missing, but ${logs} has logs of earlier builds`, {
    hint: `put the database back (copies are kept as ${path}.before-N), or move the logs away`,
  });
}

/** Refuse a damaged database before anything is built on it. */
export function requireSound(path: string): void {
  const db = openForLooking(path);
  try {
    const isSmall = statSync(path).size <= FULL_CHECK_LIMIT;
    const result = db.pragma(isSmall ? 'quick_check(1)' : 'schema_version', { simple: true });
    if (isSmall && result !== 'ok') throw damaged(path, String(result));
  } catch (error) {
    throw /^SQLITE_(CORRUPT|NOTADB|IOERR)/.test(sqliteCode(error)) ? damaged(path, messageOf(error)) : error;
  } finally {
    db.close();
  }
}

function damaged(path: string, what: string): UserError {
  return new UserError(`${path} is damaged: ${what.split('\n')[0]}`, {
    hint: `restore it from a backup; copies from before upgrades are kept as ${path}.before-N`,
  });
}

function openForLooking(path: string): Connection {
  return new Database(path, { readonly: true, fileMustExist: true, timeout: 5000 });
}

/** Version of the schema in the database at `path`; 0 when there is none yet. */
export async function schemaVersion(path: string): Promise<number> {
  if (!existsSync(path) || statSync(path).size === 0) return 0;
  const db = openForLooking(path);
  try {
    return await readVersion(kyselyOn(db));
  } catch (error) {
    throw /^SQLITE_(CORRUPT|NOTADB)/.test(sqliteCode(error)) ? damaged(path, messageOf(error)) : error;
  } finally {
    db.close();
  }
}

/** Refuse a schema that only a later release understands. */
export function requireKnown(path: string, version: number, newest = NEWEST_VERSION): void {
  if (version <= newest) return;
  throw new UserError(
    `${path} has schema version ${version}, this buildbot-master knows up to ${newest}: run the newer release`,
  );
}

/** Refuse any schema but this release's own; an empty database will do. */
export function requireCurrent(
  path: string,
  version: number,
  options: { basedir: string; newest?: number },
): void {
  const { basedir, newest = NEWEST_VERSION } = options;
  requireKnown(path, version, newest);
  if (version === 0 || version === newest) return;
  const message = `${path} has schema version ${version}, this buildbot-master needs ${newest}`;
  throw new UserError(message, { hint: `buildbot-master upgrade ${basedir}` });
}

/** Keep a copy of the database as it is now beside it, as `PATH.before-VERSION`, and say where. */
export function keepCopy(path: string, version: number): string {
  const copy = `${path}.before-${version}`;
  const unfinished = `${copy}.unfinished`;
  rmSync(unfinished, { force: true });
  createDatabaseFile(unfinished);
  const db = openForLooking(path);
  try {
    db.prepare('vacuum into ?').run(unfinished);
  } finally {
    db.close();
  }
  const handle = openSync(unfinished, 'r');
  fsyncSync(handle);
  closeSync(handle);
  renameSync(unfinished, copy);
  syncDirectory(dirname(path));
  return copy;
}

/**
 * Hold the database for this process until it ends, however it ends: the lock is the kernel's. Two masters would cut
 * each other's log files. Returns the way to let go.
 */
export function holdAlone(path: string): () => void {
  const lockFile = `${path}.lock`;
  if (!existsSync(lockFile)) closeSync(openSync(lockFile, 'a', 0o600));
  const lock = new Database(lockFile, { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (error) {
    lock.close();
    if (!sqliteCode(error).startsWith('SQLITE_BUSY')) throw error;
    throw new UserError(`${path} is in use by another buildbot-master`, {
      hint: 'stop that one first',
      cause: error,
    });
  }
  return () => lock.close();
}
