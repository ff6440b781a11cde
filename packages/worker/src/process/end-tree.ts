/**
 * End every process of a command: ask, give it a grace time, make it. A process may fork while it is being looked for, so
 * the sweep repeats until it finds nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerClock } from '../clock.ts';
import type { Platform, ProcessSet } from './platform.ts';

/** Longest time to go on killing. What is still there then hangs in the kernel (a dead network file system). */
const KILL_MS = 10_000;
const FIRST_LOOK_MS = 5;
const NEXT_LOOK_MS = 100;

export interface EndTreeInput {
  platform: Pick<Platform, 'signal'>;
  clock: WorkerClock;
  processes: Pick<ProcessSet, 'members' | 'kill'>;
  graceMs: number;
}

async function goneWithin({ clock, processes }: EndTreeInput, limitMs: number): Promise<boolean> {
  const end = clock.monotonic() + limitMs;
  for (let wait = FIRST_LOOK_MS; processes.members().length > 0; wait = Math.min(wait * 2, NEXT_LOOK_MS)) {
    if (clock.monotonic() >= end) return false;
    await delay(Math.min(wait, limitMs));
  }
  return true;
}

export interface EndedTree {
  /** Who was alive and was asked to end. */
  asked: number[];
  /** Who could not be ended: nearly always none. */
  left: number[];
}

export async function endTree(input: EndTreeInput): Promise<EndedTree> {
  const { platform, clock, processes, graceMs } = input;
  const asked = processes.members();
  if (asked.length === 0) return { asked, left: [] };
  platform.signal(asked, 'SIGTERM');
  if (await goneWithin(input, graceMs)) return { asked, left: [] };
  const end = clock.monotonic() + KILL_MS;
  do {
    processes.kill();
    if (await goneWithin(input, NEXT_LOOK_MS)) return { asked, left: [] };
  } while (clock.monotonic() < end);
  return { asked, left: processes.members() };
}
