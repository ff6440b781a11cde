/**
 * What a try shows of its logs: the newest lines of each running step while somebody looks, and what the master
 * says of a failed one, or its last lines. Logs are read by byte offset, sanitised, and never kept whole.
 */
import { type LogResource, LogSanitizer, type StepResource } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { LinkError } from '../client/transport.ts';
import type { ViewState } from '../view/state.ts';
import { failedSteps } from './failure-digest.ts';
import type { ViewStore } from './view-store.ts';

/** As much of the end as holds the lines that are shown, if these are not monsters. */
const EXCERPT_BYTES = 16 * 1024;
const EXCERPT_LINES = 12;
const TAIL_BYTES = 4 * 1024;
const TAIL_LINES = 10;
/** Steps whose tail is followed at once; more would not fit on the screen. */
const MOST_TAILS = 4;

export interface StepLogsOptions {
  store: ViewStore;
  /** Whether running steps' tails are shown at all. */
  tails: boolean;
  signal: AbortSignal;
}

export class StepLogs {
  readonly #options: StepLogsOptions;
  readonly #tails = new Map<number, AbortController>();
  readonly #excerpts = new Map<number, Promise<void>>();
  #client: ApiClient | undefined;

  constructor(options: StepLogsOptions) {
    this.#options = options;
    options.store.subscribe((state) => this.#look(state));
  }

  /** The client in use from now on; tails of the former one have ended with it. */
  use(client: ApiClient): void {
    this.#client = client;
    for (const tail of this.#tails.values()) tail.abort();
    this.#tails.clear();
    this.#look(this.#options.store.state);
  }

  /** Resolves when every excerpt under way is in the store. */
  async settled(): Promise<void> {
    await Promise.all(this.#excerpts.values());
  }

  /** Asks once more whose failures they are. What cannot be asked stays as it was known. */
  async readFailuresAgain(): Promise<void> {
    const { store } = this.#options;
    const failed = [...store.state.steps.values()].filter(({ value }) =>
      store.state.failures.has(value.stepid),
    );
    for (const buildId of new Set(failed.map(({ value }) => value.buildid))) {
      const told =
        this.#client === undefined ? undefined : await failedSteps(this.#client, buildId).catch(() => null);
      for (const { stepId, failure } of told?.values() ?? [])
        store.dispatch({ type: 'failure', stepId, failure });
    }
  }

  #look(state: ViewState): void {
    const client = this.#client;
    if (client === undefined || this.#options.signal.aborted) return;
    for (const { value: step } of state.steps.values()) {
      if (step.complete) this.#stepEnded(client, step);
      else if (this.#options.tails && this.#tails.size < MOST_TAILS) this.#stepRuns(client, state, step);
    }
  }

  #stepEnded(client: ApiClient, step: StepResource): void {
    this.#tails.get(step.stepid)?.abort();
    this.#tails.delete(step.stepid);
    if ((step.results !== 2 && step.results !== 4) || this.#excerpts.has(step.stepid)) return;
    const excerpt = this.#excerpt(client, step).catch((error: unknown) => {
      // Without its link it is asked for again with the next one.
      if (error instanceof LinkError) this.#excerpts.delete(step.stepid);
    });
    this.#excerpts.set(step.stepid, excerpt);
  }

  /** The master knows best why it failed and whose failure it is; without its word the log's last lines have to do. */
  async #excerpt(client: ApiClient, step: StepResource): Promise<void> {
    const told = (await failedSteps(client, step.buildid)).get(step.stepid);
    if (told === undefined) return await this.#lastLines(client, step);
    const { store } = this.#options;
    const { stepId, failure, excerpt } = told;
    store.dispatch({ type: 'failure', stepId, failure });
    if (excerpt !== null) store.dispatch({ type: 'excerpt', stepId, ...excerpt });
  }

  async #lastLines(client: ApiClient, { stepid }: StepResource): Promise<void> {
    const log = mainLog(await client.resources('logs', `steps/${stepid}/logs`));
    if (log === undefined) return;
    const text = new LogSanitizer({ colour: false });
    const offset = Math.max(0, (log.num_bytes ?? 0) - EXCERPT_BYTES);
    let shown = '';
    for await (const bytes of client.rawLog(log.logid, offset, false))
      shown = (shown + text.push(bytes)).slice(-2 * EXCERPT_BYTES);
    const lines = lastLines(shown + text.end(), EXCERPT_LINES);
    if (lines.length > 0)
      this.#options.store.dispatch({ type: 'excerpt', stepId: stepid, log: log.name, lines });
  }

  #stepRuns(client: ApiClient, state: ViewState, step: StepResource): void {
    if (this.#tails.has(step.stepid)) return;
    const log = mainLog(
      [...state.logs.values()].map(({ value }) => value).filter(({ stepid }) => stepid === step.stepid),
    );
    if (log === undefined) return;
    const ended = new AbortController();
    this.#tails.set(step.stepid, ended);
    const signal = AbortSignal.any([ended.signal, this.#options.signal]);
    // A tail that breaks is no more than a tail that stands still.
    this.#tail(client, log, signal).catch(() => {});
  }

  async #tail(client: ApiClient, log: LogResource, signal: AbortSignal): Promise<void> {
    const text = new LogSanitizer({ colour: false });
    let shown = '';
    for await (const bytes of client.rawLog(
      log.logid,
      Math.max(0, log.num_bytes - TAIL_BYTES),
      true,
      signal,
    )) {
      shown = (shown + text.push(bytes.subarray(-TAIL_BYTES))).slice(-TAIL_BYTES);
      const lines = lastLines(shown + text.pending, TAIL_LINES);
      this.#options.store.dispatch({ type: 'tail', stepId: log.stepid, lines });
    }
  }
}

/** The log to show of a step: the command's own output if there is one. */
export function mainLog(logs: readonly LogResource[]): LogResource | undefined {
  return logs.find(({ slug }) => slug === 'stdio') ?? logs.find(({ type }) => type === 's' || type === 't');
}

/** Tabs are widened, for a terminal's own stops would break the layout. */
function lastLines(text: string, most: number): string[] {
  return text
    .replaceAll('\t', '    ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-most)
    .map((line) => (line.length > 1000 ? `${line.slice(0, 999)}…` : line));
}
