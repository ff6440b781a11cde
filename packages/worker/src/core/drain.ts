/**
 * When a worker that was asked to end may do so: no build may be left on it, and a build has moments in which none of its
 * commands runs. Only the master knows; so a connected worker waits for the master's goodbye. Pure.
 */

export interface DrainSight {
  connected: boolean;
  /** The master will say when no build is left here (`drains` in its welcome). */
  masterTells: boolean;
  /** Commands that run. */
  running: number;
  /** Commands that have ended without a master having stored how. */
  unreported: number;
  /** Any command has ever been here in the life of this process. */
  everHadCommand: boolean;
  /** For how long there has been neither of the two kinds, since the drain began. Milliseconds. */
  idleMs: number;
}

export type DrainStep = { kind: 'leave' } | { kind: 'wait'; waitsFor: string };

/** Where an older master does not say so, a worker that was idle for this long is taken for free. Milliseconds. */
export const IDLE_MS = 30_000;
/** Without a master nothing new can begin here: this only lets one that was cut off for a moment come back. */
export const ALONE_MS = 5000;

const LEAVE: DrainStep = { kind: 'leave' };

export function drainStep(sight: DrainSight): DrainStep {
  const { connected, masterTells, running, unreported, everHadCommand, idleMs } = sight;
  if (running > 0) return { kind: 'wait', waitsFor: `${commands(running)} to end` };
  if (unreported > 0) {
    return { kind: 'wait', waitsFor: `the master to store how ${commands(unreported)} ended` };
  }
  if (connected && masterTells) {
    return { kind: 'wait', waitsFor: 'the master to say that no build is left here' };
  }
  if (idleMs >= (connected ? IDLE_MS : ALONE_MS) || !everHadCommand) return LEAVE;
  if (!connected) return { kind: 'wait', waitsFor: 'a master that may be back in a moment' };
  return { kind: 'wait', waitsFor: 'the next step of a build that may be here' };
}

function commands(count: number): string {
  return `${count} ${count === 1 ? 'command' : 'commands'}`;
}
