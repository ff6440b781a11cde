/** Empty folders exist on the developer's disk and nowhere else: git cannot hold them. A build may need them. */

import { type Dirent, readdirSync } from 'node:fs';
import { absoluteBytes, nulSeparated, type RawPath, rawPathOf } from '../raw-path.ts';
import type { Git } from './command.ts';

/** Folders without a tracked file, each with a trailing `/`, but not the folders inside them. */
export async function readUnknownFolders(
  git: Git,
  pathspecs: readonly string[],
): Promise<readonly RawPath[]> {
  const args = [
    'ls-files',
    '-z',
    '--others',
    '--directory',
    '--exclude-standard',
    '--full-name',
    '--',
    ...pathspecs,
  ];
  const paths = nulSeparated(await git.read(args));
  return paths.filter((path) => path.endsWith('/'));
}

/**
 * The empty ones among the folders and, where a folder holds untracked files, below it. A folder with nothing but
 * empty folders counts once; one with ignored files only is not empty.
 */
export function findEmptyFolders(
  topdir: string,
  folders: readonly RawPath[],
  untracked: ReadonlySet<RawPath>,
): RawPath[] {
  const filled = foldersAbove(untracked);
  const search = (folder: RawPath): RawPath[] => {
    if (!filled.has(folder)) return isEmpty(topdir, folder) ? [folder] : [];
    return read(topdir, folder)
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => search(`${folder}${rawPathOf(entry.name)}/`));
  };
  return folders.flatMap(search);
}

function foldersAbove(paths: ReadonlySet<RawPath>): Set<RawPath> {
  const folders = new Set<RawPath>();
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      folders.add(path.slice(0, end + 1));
    }
  }
  return folders;
}

/** Stops at the first thing that is no folder, so a folder of a million files costs no more than one of two. */
function isEmpty(topdir: string, folder: RawPath): boolean {
  const entries = read(topdir, folder);
  return entries.every(
    (entry) => entry.isDirectory() && isEmpty(topdir, `${folder}${rawPathOf(entry.name)}/`),
  );
}

function read(topdir: string, folder: RawPath): Dirent<Buffer>[] {
  return readdirSync(absoluteBytes(topdir, folder), { withFileTypes: true, encoding: 'buffer' });
}
