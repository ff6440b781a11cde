/** A log as it is followed line for line: the pieces that are told, and what has to wait for them. */
import { type LogResource, REPORT_LOG } from '@buildbot/shared';
import type { BuildOfFact, Fact } from './facts.ts';
import type { ViewState } from './state.ts';

/** Some whole lines of a log, or a part of a line that is too long to be kept back. */
export interface LogPiece {
  build: BuildOfFact;
  /** Names are fit for a terminal; the bytes are as they came. */
  step: string;
  log: string;
  logId: number;
  /** Of the first byte in its log. */
  offset: number;
  bytes: Uint8Array;
}

/** Text with or without streams; a page of HTML is nothing to read line for line, nor are reports for programs. */
export function isFollowed({ type, name }: Pick<LogResource, 'type' | 'name'>): boolean {
  return (type === 's' || type === 't') && name !== REPORT_LOG;
}

/** Without those of a build that come after a log whose last lines have not been told yet. */
export function factsAfterLogs(state: ViewState, facts: readonly Fact[]): Fact[] {
  const untold = [...state.logs.values()].filter(
    ({ value }) => isFollowed(value) && !state.toldLogs.has(value.logid),
  );
  const ends = new Set(untold.map(({ value }) => `step/${value.stepid}/finished`));
  const waiting = new Set<number>();
  return facts.filter((fact) => {
    if (!('build' in fact)) return true;
    if (ends.has(fact.key)) waiting.add(fact.build.buildId);
    return !waiting.has(fact.build.buildId);
  });
}
