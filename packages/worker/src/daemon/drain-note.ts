/** What a worker on its way out waits for: one line in BASEDIR, for whoever asked it to stop and waits with it. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function drainNote(basedir: string): string {
  return join(basedir, 'draining');
}

export function writeDrainNote(basedir: string, waitsFor: string): void {
  const path = drainNote(basedir);
  writeFileSync(`${path}.new`, `${waitsFor}\n`);
  renameSync(`${path}.new`, path);
}

/** `null` when it waits for nothing. */
export function readDrainNote(basedir: string): string | null {
  try {
    return readFileSync(drainNote(basedir), 'utf8').trim();
  } catch {
    return null;
  }
}

export function removeDrainNote(basedir: string): void {
  rmSync(drainNote(basedir), { force: true });
}
