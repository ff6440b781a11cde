/** The platform this process runs on. Another system joins by one file and one line here. */
import { UserError } from '@buildbot/shared/errors';
import { linux, linuxWithGroups } from './linux.ts';
import type { WorkerMark } from './mark.ts';
import type { Platform } from './platform.ts';
import { posix } from './posix.ts';

/** `name` as in `process.platform`. */
export function platformFor(name: string): Platform {
  if (name === 'linux') return linux;
  if (name === 'win32') {
    throw new UserError('the worker does not run on Windows yet', {
      hint: 'run it on Linux, macOS or in WSL',
    });
  }
  return posix;
}

/** The same for one worker that will run commands, with all that the system has to hold them. */
export async function platformOf(worker: WorkerMark, name: string): Promise<Platform> {
  return name === 'linux' ? await linuxWithGroups(worker) : platformFor(name);
}
