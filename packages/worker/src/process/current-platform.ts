/** The platform this process runs on. Another system joins by one file and one line here. */
import { UserError } from '@buildbot/shared/errors';
import { linux } from './linux.ts';
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
