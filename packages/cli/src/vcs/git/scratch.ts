/**
 * A temporary index and object store, so that taking a snapshot changes nothing of the user's: not the index, not a
 * reference, not even the number of stored objects. (Git dates an object anew when it would have written it a second
 * time; that is all that happens in the user's object store.) The temporary index starts as a copy of the real one because that
 * carries the stat cache: on 50,000 files the snapshot takes a fifth of the time it takes from an empty index.
 */

import { mkdir, mkdtemp, open, rm, utimes, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { VcsDeps } from '../port.ts';
import type { Git } from './command.ts';
import type { GitLocation } from './location.ts';

export interface Scratch {
  /** Git on the temporary index and object store, in the top folder. */
  readonly git: Git;
  /** A further copy of the user's index, as it was when the scratch was opened. */
  secondIndex(): Promise<Git>;
}

/** Runs `use`, then removes every temporary file, however it ended. */
export async function withScratch<T>(
  { git, location, deps }: { git: Git; location: GitLocation; deps: VcsDeps },
  use: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(deps.tmpdir, 'buildbot-try-'));
  try {
    const objects = join(folder, 'objects');
    await mkdir(objects);
    const index = await readIndex(location.indexFile);
    const there = git.within({
      cwd: location.topdir,
      env: {
        GIT_DIR: location.gitDir,
        GIT_WORK_TREE: location.topdir,
        GIT_OBJECT_DIRECTORY: objects,
        GIT_ALTERNATE_OBJECT_DIRECTORIES: alternates(location.objectsDir, deps),
      },
    });
    const onIndex = async (name: string) => {
      const path = join(folder, name);
      if (index !== null) await writeIndex(path, index);
      return there.within({ env: { GIT_INDEX_FILE: path } });
    };
    return await use({ git: await onIndex('index'), secondIndex: () => onIndex('index-2') });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface IndexCopy {
  readonly bytes: Buffer;
  readonly mtimeNs: bigint;
}

/** Null when nothing was ever added. One open file, so that a `git add` in between cannot mix two indexes. */
async function readIndex(path: string): Promise<IndexCopy | null> {
  try {
    await using file = await open(path);
    const { mtimeNs } = await file.stat({ bigint: true });
    return { bytes: await file.readFile(), mtimeNs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Git trusts an index entry whose file is older than the index itself, and reads the others again. A copy with a newer
 * time would make it trust a file that was edited to the same size in the moment of the last `git add`, and the edit
 * would be lost. So the copy gets the time of the original, rounded down.
 */
async function writeIndex(path: string, { bytes, mtimeNs }: IndexCopy): Promise<void> {
  await writeFile(path, bytes);
  const seconds = Number(mtimeNs / 1000n - 2n) / 1e6;
  await utimes(path, seconds, seconds);
}

/** The list git looks up objects in besides the temporary store. It reads C quotes there. */
function alternates(objectsDir: string, { env }: VcsDeps): string {
  const needsQuotes = objectsDir.includes(delimiter) || objectsDir.startsWith('"');
  const own = needsQuotes ? `"${objectsDir.replace(/["\\]/g, '\\$&')}"` : objectsDir;
  const further = env.GIT_ALTERNATE_OBJECT_DIRECTORIES;
  return further ? `${own}${delimiter}${further}` : own;
}
