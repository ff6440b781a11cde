/** Send a signal to processes that may be gone by now. */

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  // EPERM: it became another user's (a set-user-id program); nothing that this worker may do about it.
  return code === 'ESRCH' || code === 'EPERM';
}

/** A negative number is a process group, as kill(2) has it. */
export function signalAll(pids: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }
}
