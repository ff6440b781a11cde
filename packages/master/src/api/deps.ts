/** What this room is given by the composition root, and what travels with each request. */
import type { Caller } from '../ports/caller.ts';
import type { Control, QueueInsight } from '../ports/control.ts';
import type { Estimates } from '../ports/estimates.ts';
import type { MetricSource } from '../ports/metrics.ts';
import type { Clock, Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import type { EntranceSettings } from './auth/entrance.ts';
import type { Random } from './auth/secret.ts';

/** A force scheduler as the configuration has it. */
export interface ForceForm {
  name: string;
  builders: string[];
}

export interface ApiDeps {
  store: Store;
  control: Control;
  queue: QueueInsight;
  estimates: Estimates;
  /** Title of the installation, for people. */
  title: string;
  masterId: number;
  /** The force schedulers of the configuration in force now. */
  forceForms(): readonly ForceForm[];
  metrics: readonly MetricSource[];
  logger: Logger;
  /** Who comes in and may do what, by the configuration in force now; its files by their absolute paths. */
  settings(): EntranceSettings;
  clock: Clock;
  random: Random;
  /** Something is written on a silent event stream this often. Default 15 s. */
  heartbeatMs?: number;
}

/** Hono's bindings. A request without a caller is nobody's: it may read and nothing more. */
export interface RequestEnv {
  caller?: Caller;
  /** Break the connection or stream off, so that the client cannot take the end for a proper one. */
  breakOff?: () => void;
  /** Aborted when the caller may not go on: streams are broken off then. */
  ended?: AbortSignal;
}

export type AppEnv = { Bindings: RequestEnv };

export const NOBODY: Caller = { user: 'anonymous', door: 'tcp' };
