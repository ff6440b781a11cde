/** The NDJSON face (`--events`): one object per fact and line, each with the version of its schema. */
import { type Results, resultName } from '@buildbot/shared';
import type { Fact } from '../facts.ts';
import type { EstimateNews } from './estimate.ts';

/** Grows when a field changes its meaning or goes away; new fields and events may come without. */
export const EVENT_SCHEMA = 'buildbot.try.event/1';

/** One line without its end. Results are given as code and name. */
export function eventLine(fact: Fact | EstimateNews): string {
  return JSON.stringify(eventObject(fact));
}

/** The fact as scripts see it; `--json` lists the same objects. */
export function eventObject(fact: Fact | EstimateNews): Record<string, unknown> {
  return { schema: EVENT_SCHEMA, ...eventFields(fact) };
}

/** Everything but the schema: the same for all streams of events. */
export function eventFields(fact: Told): Record<string, unknown> {
  const { key: _key, mark: _mark, type, at, ...rest } = fact;
  const result = rest.results === undefined ? {} : { result: resultName(rest.results) };
  return { event: type, at, ...rest, ...result };
}

interface Told {
  key?: string;
  mark?: string;
  type: string;
  at: number;
  results?: Results;
}
