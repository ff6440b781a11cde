/** The NDJSON face (`--events`): one object per fact and line, each with the version of its schema. */
import {
  type EstimateEvent,
  type Results,
  resultName,
  TRY_EVENT_SCHEMA,
  type TryEvent,
} from '@buildbot/shared';
import type { Fact } from '../facts.ts';

/** One line without its end. Results are given as code and name. */
export function eventLine(fact: Fact | EstimateEvent): string {
  return JSON.stringify(eventObject(fact));
}

/** The fact as scripts see it; `--json` lists the same objects. Its type is made from the schema of the event. */
export function eventObject(fact: Fact | EstimateEvent): TryEvent {
  return { schema: TRY_EVENT_SCHEMA, ...eventFields(fact) } as TryEvent;
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
