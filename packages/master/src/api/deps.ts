/** What this room is given by the composition root, and what travels with each request. */
import type { Caller, Control, QueueInsight } from '../ports/control.ts';
import type { Estimates } from '../ports/estimates.ts';
import type { MetricSource } from '../ports/metrics.ts';
import type { Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';

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
  /** Browser origins allowed besides the API's own, `*` in them stands for anything. Default: none. */
  allowedOrigins?: readonly string[];
  /** Something is written on a silent event stream this often. Default 15 s. */
  heartbeatMs?: number;
}

/** Hono's bindings. A request without a caller is nobody's: it may read and nothing more. */
export interface RequestEnv {
  caller?: Caller;
  /** Break the connection or stream off, so that the client cannot take the end for a proper one. */
  breakOff?: () => void;
}

export type AppEnv = { Bindings: RequestEnv };

export const NOBODY: Caller = { user: 'anonymous', door: 'tcp' };
