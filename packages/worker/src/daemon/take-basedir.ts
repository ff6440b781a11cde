/** Taking a BASEDIR for one worker, also when several are started in it at the same moment. */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { type PlaceFiles, takePlace, UserError } from '@buildbot/shared';
import { platformFor } from '../process/current-platform.ts';
import { livingPid, pidFile } from './pid-file.ts';

/** Take `basedir` for this process, or throw `UserError` when a worker runs there. Returns the way to give it up. */
export function takeBasedir(basedir: string): () => void {
  const path = pidFile(basedir);
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${process.pid} ${platformFor(process.platform).startOf(process.pid) ?? 0}\n`);
  let named: string | null;
  try {
    named = takePlace(path, placeFiles(own));
  } finally {
    rmSync(own, { force: true });
  }
  if (named !== null) {
    throw new UserError(`a worker runs in ${basedir} already (pid ${livingPid(named) ?? 'unknown'})`, {
      hint: `stop it first: buildbot-worker stop ${basedir}`,
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
