/**
 * What the view model knows: each resource in its newest form, and the facts of this client in order. Nothing here is
 * worked out; that is for `try-view.ts`, `watch-view.ts` and `facts.ts`.
 */
import type {
  BuilderResource,
  BuildRequestResource,
  BuildResource,
  BuildSetResource,
  EstimateResource,
  LogResource,
  StatusResource,
  StepFailure,
  StepResource,
  WorkerResource,
} from '@buildbot/shared';
import type { LocalFact, Preparation } from './messages.ts';

/** A resource and the number of the event that told it. A lower number never replaces a higher one. */
export interface Known<T> {
  n: number;
  value: T;
}

export type Table<T> = ReadonlyMap<number, Known<T>>;

export interface Tables {
  buildSets: Table<BuildSetResource>;
  requests: Table<BuildRequestResource>;
  builders: Table<BuilderResource>;
  workers: Table<WorkerResource>;
  builds: Table<BuildResource>;
  steps: Table<StepResource>;
  logs: Table<LogResource>;
  estimates: Table<EstimateResource>;
}

export interface ViewState extends Tables {
  connection: { words: readonly string[]; isLocal: boolean };
  preparation: Preparation | null;
  local: readonly LocalFact[];
  /** By step id. */
  tails: ReadonlyMap<number, readonly string[]>;
  /** By step id. */
  excerpts: ReadonlyMap<number, { log: string; lines: readonly string[] }>;
  /** By step id: whose failure it is, as it was known last. */
  failures: ReadonlyMap<number, StepFailure>;
  /** Ids of the logs that were told to their end. */
  toldLogs: ReadonlySet<number>;
  /** Ids of the requests of whoever watches, when they were asked for. */
  mine: ReadonlySet<number> | null;
  /** Of the whole farm, when it was asked for. */
  farm: (Pick<StatusResource, 'title' | 'pending'> & { draining: boolean }) | null;
}

export const EMPTY_STATE: ViewState = {
  buildSets: new Map(),
  requests: new Map(),
  builders: new Map(),
  workers: new Map(),
  builds: new Map(),
  steps: new Map(),
  logs: new Map(),
  estimates: new Map(),
  connection: { words: [], isLocal: false },
  preparation: null,
  local: [],
  tails: new Map(),
  excerpts: new Map(),
  failures: new Map(),
  toldLogs: new Set(),
  mine: null,
  farm: null,
};
