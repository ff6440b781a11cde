/**
 * Paths of commands, confined to the folder of builds. The text of a path was checked by its schema; what is
 * on the disk is checked here: a build may have left a symbolic link where the next command expects a folder.
 */
import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

export type Confined = { path: string } | { problem: string };

function isBelow(root: string, path: string): boolean {
  return path.startsWith(root + sep);
}

/** The real path of the nearest ancestor of `path` that exists, itself included. */
async function nearestReal(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || dirname(path) === path) throw error;
    return nearestReal(dirname(path));
  }
}

/**
 * `builddir`/`path` below `root`. Links are followed on the way but not at the end, so the path may be removed, and must
 * not lead out of the build's folder. `path` may be empty for the build's folder itself; `root` itself is never given.
 */
export async function confine(root: string, builddir: string, path: string): Promise<Confined> {
  const realRoot = await realpath(root);
  const folder = join(realRoot, builddir);
  const target = join(folder, path);
  if (!isBelow(realRoot, folder))
    return { problem: `'${builddir}' is not a folder below the folder of builds` };
  const realFolder = await nearestReal(folder);
  if (realFolder !== realRoot && !isBelow(realRoot, realFolder)) {
    return { problem: `the build's folder '${builddir}' is a link that leads out of the folder of builds` };
  }
  const parent = await nearestReal(dirname(target));
  // With `path` empty the parent is the folder of builds, and the target is the build's folder, which was just checked.
  if (target === folder || parent === realFolder || isBelow(realFolder, parent)) return { path: target };
  return { problem: `'${path}' leads out of the build's folder through a link` };
}
