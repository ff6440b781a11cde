/**
 * The one view model behind every face of `try` and `watch`: state plus message gives state. Pure, and indifferent to
 * the order and repetition of events: each resource is kept in the form of its highest event number, so a reconnect
 * that tells something twice, or late, changes nothing.
 */
import type {
  BuilderResource,
  BuildRequestResource,
  BuildResource,
  BuildSetResource,
  BuildSetSummaryResource,
  EventMessage,
  LogResource,
  StatusResource,
  StepResource,
  WorkerResource,
} from '@buildbot/shared';
import type { ViewMessage } from './messages.ts';
import type { Known, Table, Tables, ViewState } from './state.ts';
import { isWaiting } from './waiting.ts';

export function reduce(state: ViewState, message: ViewMessage): ViewState {
  switch (message.type) {
    case 'preparation':
      return { ...state, preparation: message.preparation };
    case 'local':
      return { ...state, local: [...state.local, message.fact] };
    case 'summary':
      return withSummary(state, message.summary);
    case 'status':
      return withStatus(state, message.status);
    case 'mine':
      return { ...state, mine: new Set([...(state.mine ?? []), ...message.requestIds]) };
    case 'workers':
      return { ...state, workers: merge(state.workers, message.n, message.workers, idOf.workers) };
    case 'estimate': {
      const { n, estimate } = message;
      return { ...state, estimates: merge(state.estimates, n, [estimate], idOf.builders) };
    }
    case 'connection':
      return { ...state, connection: { words: message.words, isLocal: message.isLocal } };
    case 'reasons':
      return withReasons(state, message.requests);
    case 'event':
      return withEvent(state, message.event);
    case 'log_told':
      return { ...state, toldLogs: new Set([...state.toldLogs, message.logId]) };
    case 'tail':
      return { ...state, tails: withEntry(state.tails, message.stepId, message.lines) };
    case 'failure':
      return { ...state, failures: withEntry(state.failures, message.stepId, message.failure) };
    case 'excerpt': {
      const { stepId, log, lines } = message;
      return { ...state, excerpts: withEntry(state.excerpts, stepId, { log, lines }) };
    }
  }
}

function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

/** Takes each resource in unless a newer form of it is known already. */
function merge<T>(table: Table<T>, n: number, values: readonly T[], idOf: (value: T) => number): Table<T> {
  if (values.length === 0) return table;
  const merged = new Map<number, Known<T>>(table);
  for (const value of values) {
    const id = idOf(value);
    if ((merged.get(id)?.n ?? -1) <= n) merged.set(id, { n, value });
  }
  return merged;
}

const idOf = {
  buildSets: (value: BuildSetResource) => value.bsid,
  requests: (value: BuildRequestResource) => value.buildrequestid,
  builders: (value: Pick<BuilderResource, 'builderid'>) => value.builderid,
  workers: (value: WorkerResource) => value.workerid,
  builds: (value: BuildResource) => value.buildid,
  steps: (value: StepResource) => value.stepid,
  logs: (value: LogResource) => value.logid,
};

function withSummary(state: ViewState, summary: BuildSetSummaryResource): ViewState {
  const n = summary.event_number;
  return {
    ...state,
    buildSets: merge(state.buildSets, n, [summary.buildset], idOf.buildSets),
    requests: merge(state.requests, n, summary.buildrequests, idOf.requests),
    builders: merge(state.builders, n, summary.builders, idOf.builders),
    builds: merge(state.builds, n, summary.builds, idOf.builds),
    steps: merge(state.steps, n, summary.steps, idOf.steps),
    logs: merge(state.logs, n, summary.logs, idOf.logs),
    estimates: merge(state.estimates, n, summary.estimates, idOf.builders),
  };
}

/** A status is the whole truth of its moment: what it does not name and no later event told is gone. */
function withStatus(state: ViewState, status: StatusResource): ViewState {
  const n = status.event_number;
  const newer = <T>(table: Table<T>) => new Map([...table].filter(([, known]) => known.n > n));
  return {
    ...state,
    farm: { title: status.title, pending: status.pending, draining: status.draining ?? false },
    builders: merge(newer(state.builders), n, status.builders, idOf.builders),
    workers: merge(newer(state.workers), n, status.workers, idOf.workers),
    builds: merge(newer(state.builds), n, [...status.last_builds, ...status.builds], idOf.builds),
    steps: merge(newer(state.steps), n, status.steps, idOf.steps),
    requests: merge(
      newer(state.requests),
      n,
      [...status.buildrequests, ...(status.shelved ?? [])],
      idOf.requests,
    ),
  };
}

/** Which table an event's path speaks of, by the last collection name in it. */
const TABLE_OF_PATH: Readonly<Record<string, keyof typeof idOf>> = {
  buildsets: 'buildSets',
  buildrequests: 'requests',
  workers: 'workers',
  builds: 'builds',
  steps: 'steps',
  logs: 'logs',
};

/** `builds/17/steps/4/finished` speaks of a step; `builds/17/properties/update` of nothing that is shown. */
export function tableOfEvent(path: string): keyof typeof idOf | undefined {
  const parts = path.split('/');
  return TABLE_OF_PATH[parts[parts.length - 3] ?? ''];
}

function withEvent(state: ViewState, event: EventMessage): ViewState {
  const table = tableOfEvent(event.k);
  if (table === undefined || typeof event.m !== 'object' || event.m === null) return state;
  const told = { ...state, ...mergeOne(state, table, event.n ?? 0, event.m) };
  return table === 'requests' ? withOldReasons(told, state) : told;
}

/** Asked for beside the events, so only what waits by them as well has a reason. */
function withReasons(state: ViewState, asked: readonly BuildRequestResource[]): ViewState {
  const requests = new Map(state.requests);
  for (const { buildrequestid, waiting_reason, not_before } of asked) {
    const known = requests.get(buildrequestid);
    if (known === undefined || !isWaiting(known.value)) continue;
    requests.set(buildrequestid, { ...known, value: { ...known.value, waiting_reason, not_before } });
  }
  return { ...state, requests };
}

/** An event does not know why a request waits: what was known stands until it is asked for again. */
function withOldReasons(state: ViewState, before: ViewState): ViewState {
  const requests = new Map(state.requests);
  for (const [id, known] of requests) {
    const reason = before.requests.get(id)?.value.waiting_reason ?? null;
    if (reason === null || known.value.waiting_reason !== null || !isWaiting(known.value)) continue;
    requests.set(id, { ...known, value: { ...known.value, waiting_reason: reason } });
  }
  return { ...state, requests };
}

/** The body is what the master's schema made of it; a value without its id is not a resource and is passed over. */
function mergeOne(state: Tables, table: keyof typeof idOf, n: number, body: object): Partial<Tables> {
  const readId = idOf[table] as (value: object) => unknown;
  if (typeof readId(body) !== 'number') return {};
  const merged = merge(state[table] as Table<object>, n, [body], readId as (value: object) => number);
  return { [table]: merged } as Partial<Tables>;
}
