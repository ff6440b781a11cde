/** FIFOs, sockets and devices: git neither holds nor lists them. A build that needs one would miss it unsaid. */

import { type Dirent, readdirSync } from 'node:fs';
import { absoluteBytes, nulSeparated, nulTerminated, type RawPath, rawPathOf } from '../raw-path.ts';
import type { Git } from './command.ts';

/**
 * Those below the top folder that no rule ignores; `ignored` are the paths that git has named as such, folders with a
 * slash at their end. Repositories inside this one have a say of their own. Blocks for some 20 µs per folder.
 */
export async function findSpecialFiles(
  git: Git,
  topdir: string,
  ignored: ReadonlySet<RawPath>,
): Promise<RawPath[]> {
  const found = specialBelow(topdir, '', ignored);
  if (found.length === 0) return [];
  const { stdout } = await git
    .within({ cwd: topdir })
    .run(['check-ignore', '-z', '--stdin'], { input: nulTerminated(found) });
  const hushed = new Set(nulSeparated(stdout));
  return found.filter((path) => !hushed.has(path));
}

function specialBelow(topdir: string, folder: RawPath, ignored: ReadonlySet<RawPath>): RawPath[] {
  const named = read(topdir, folder).map((entry) => ({ entry, name: rawPathOf(entry.name) }));
  if (folder !== '' && named.some(({ name }) => name === '.git')) return [];
  return named.flatMap(({ entry, name }) => {
    if (isSpecial(entry)) return [folder + name];
    const below = `${folder}${name}/`;
    return entry.isDirectory() && below !== '.git/' && !ignored.has(below)
      ? specialBelow(topdir, below, ignored)
      : [];
  });
}

/** A folder that is closed to us is as good as empty, as it is to git. */
function read(topdir: string, folder: RawPath): Dirent<Buffer>[] {
  try {
    return readdirSync(absoluteBytes(topdir, folder), { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EACCES' || code === 'ENOENT') return [];
    throw error;
  }
}

function isSpecial(entry: Dirent<Buffer>): boolean {
  return entry.isFIFO() || entry.isSocket() || entry.isBlockDevice() || entry.isCharacterDevice();
}
