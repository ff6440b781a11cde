/** The NDJSON face (`--events`): one object per fact and line, each with the version of its schema. */
import { resultName } from '@buildbot/shared';
import type { Fact } from '../facts.ts';

/** Grows when a field changes its meaning or goes away; new fields and events may come without. */
export const EVENT_SCHEMA = 'buildbot.try.event/1';

/** One line without its end. Results are given as code and name. */
export function eventLine(fact: Fact): string {
  return JSON.stringify(eventObject(fact));
}

/** The fact as scripts see it; `--json` lists the same objects. */
export function eventObject(fact: Fact): Record<string, unknown> {
  const { key: _, type, at, ...rest } = fact;
  const result = 'results' in rest ? { result: resultName(rest.results) } : {};
  return { schema: EVENT_SCHEMA, event: type, at, ...rest, ...result };
}
