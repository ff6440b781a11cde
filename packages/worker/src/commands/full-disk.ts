/** Whether a program that failed may have failed because there was no space left for what it wrote. */
import { statfs } from 'node:fs/promises';

/** With less than this there is no space: the last blocks of a disk are too few for nearly every file. */
const FULL_BYTES = 64 * 1024;

/** Whether the disk that `folder` is on has no space, or no place for another file. */
export async function isDiskFull(folder: string): Promise<boolean> {
  try {
    const { bavail, bfree, bsize, files, ffree } = await statfs(folder);
    // The blocks that a file system keeps for root are free for the programs of a worker that runs as root.
    const free = (process.getuid?.() === 0 ? bfree : bavail) * bsize;
    return free < FULL_BYTES || (files > 0 && ffree === 0);
  } catch {
    return false;
  }
}
