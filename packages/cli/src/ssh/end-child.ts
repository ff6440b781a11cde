/** The end of a program that carries a connection. */
import type { ChildProcess } from 'node:child_process';

/** How long a program may take to leave when it is asked to. */
const LEAVING_MS = 1000;

/** Asks a program to end, and makes it end if it does not: one that is frozen, say, would hold its parent for ever. */
export function endChild(child: ChildProcess): void {
  const isGone = (): boolean => child.exitCode !== null || child.signalCode !== null;
  if (isGone()) return;
  child.kill();
  const timer = setTimeout(() => child.kill('SIGKILL'), LEAVING_MS);
  child.once('exit', () => clearTimeout(timer));
}
