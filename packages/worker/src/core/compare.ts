/**
 * What the master wants against what this worker has. Pure, and harmless to do twice: the master sends a wanted state,
 * never a queue of orders, so a hello after any interruption puts both sides right.
 */
import type { Command, CommandKey } from '@buildbot/shared';

export interface Wanted {
  key: CommandKey;
  command: Command;
}

/** `ended` commands are known until the master has acknowledged their end. */
export type KnownState = 'running' | 'ended';

export interface Comparison {
  /** Wanted and not known: begin. */
  start: Wanted[];
  /** Running and not wanted: end. */
  stop: CommandKey[];
}

/** Compare. What is known and wanted goes on as it is; what has ended is told by its own message. */
export function compareWanted(
  wanted: readonly Wanted[],
  known: ReadonlyMap<CommandKey, KnownState>,
): Comparison {
  const wantedKeys = new Set(wanted.map(({ key }) => key));
  const start = [...new Map(wanted.map((entry) => [entry.key, entry])).values()].filter(
    ({ key }) => !known.has(key),
  );
  const stop = [...known].flatMap(([key, state]) =>
    state === 'running' && !wantedKeys.has(key) ? [key] : [],
  );
  return { start, stop };
}
