/** Taking a BASEDIR for one master, also when several are started in it at the same moment. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type PlaceFiles, takePlace, UserError } from '@buildbot/shared';
import { livingPid, processStart } from './pid-file.ts';

/** Take the place for this process; a `UserError` when another daemon has it. Returns the way to give it up. */
export function takeBasedir(path: string): () => void {
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${processStart(process.pid) ?? ''}\n`, { mode: 0o644 });
  let named: string | null;
  try {
    named = takePlace(path, placeFiles(own));
  } finally {
    rmSync(own, { force: true });
  }
  if (named !== null) {
    throw new UserError(`already running with pid ${livingPid(named) ?? 'unknown'} (${path})`, {
      hint: 'stop it first, or use restart',
    });
  }
  return () => rmSync(path, { force: true });
}

/** `own` names this process. Linked into place whole: whoever reads a file never sees half of it. */
function placeFiles(own: string): PlaceFiles {
  return {
    read: (path) => unless('ENOENT', () => readFileSync(path, 'utf8')),
    make: (path) => unless('EEXIST', () => linkSync(own, path)) !== null,
    replace: (path) => renameSync(own, path),
    remove: (path) => rmSync(path, { force: true }),
    isAlive: (named) => livingPid(named) !== null,
  };
}

function unless<T>(expected: string, action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === expected) return null;
    throw error;
  }
}
