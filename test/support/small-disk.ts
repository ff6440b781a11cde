/**
 * A real, small disk (tmpfs) for tests of what happens when it is full. Mounting needs root: where that is not to be
 * had a test cannot run; under CI that is a failure, elsewhere it is said and left out.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether tests that mount are left out: no root, and nobody who insists. */
export const cannotMount = process.getuid?.() !== 0 && process.env.CI !== 'true';

export interface SmallDisk {
  path: string;
  /** Take all space that is left; what is returned gives it back. */
  fill(): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}

/** Mount a disk of so many mebibytes; the caller removes it when nobody uses it any more. */
export async function smallDisk(mebibytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'small-disk-'));
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=700`, 'tmpfs', path]);
  } catch (cause) {
    throw new Error('this test needs root and the right to mount a tmpfs', { cause });
  }
  return {
    path,
    async fill() {
      const ballast = join(path, 'ballast');
      const failed = await writeFile(ballast, Buffer.alloc((mebibytes + 1) * 1024 * 1024)).catch(
        (error: NodeJS.ErrnoException) => error.code,
      );
      if (failed !== 'ENOSPC') throw new Error(`the disk is not full: ${failed ?? 'all was written'}`);
      return () => rm(ballast);
    },
    async remove() {
      await run('umount', ['--lazy', path]);
      await rm(path, { recursive: true });
    },
  };
}
