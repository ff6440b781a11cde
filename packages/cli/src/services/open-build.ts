/**
 * The build that is open on the full screen: its steps, and the log of one of them as it grows, over any number of
 * breaks of the link. Of a long log only the end is read; the whole is for the pager.
 */
import { type BuildResource, type LogResource, LogSanitizer, type StepResource } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { LinkError } from '../client/transport.ts';
import type { Clock } from '../clock.ts';
import { LogWindow } from '../view/log-window.ts';
import { stepsOf } from '../view/try-view.ts';
import type { ShownStore } from './chosen-store.ts';
import type { CurrentClient } from './current-client.ts';
import { mainLog } from './step-logs.ts';

/** As much of the end of a log as is read at first. */
const TAIL_BYTES = 512 * 1024;
/** Between two looks whether a step has a log by now. Milliseconds. */
const AGAIN_MS = 500;

export interface OpenBuildDeps {
  current: CurrentClient;
  store: ShownStore;
  clock: Pick<Clock, 'sleep'>;
  /** Something new is to be seen. */
  onChange: () => void;
}

/** The log that is shown. */
export interface OpenLog {
  stepId: number;
  /** Null as long as the step has none. */
  resource: LogResource | null;
  window: LogWindow;
  /** The master gave a reason why it cannot be read. */
  trouble: string | null;
}

export class OpenBuild {
  readonly buildId: number;
  readonly #deps: OpenBuildDeps;
  readonly #closed = new AbortController();
  readonly #read = new Map<number, StepResource>();
  #build: BuildResource | null = null;
  #log: OpenLog | null = null;
  #logClosed = new AbortController();

  constructor(buildId: number, deps: OpenBuildDeps) {
    this.buildId = buildId;
    this.#deps = deps;
    this.#keepOn(this.#closed.signal, (client, signal) => this.#readSteps(client, signal));
  }

  /** In its newest form; a build of long ago is told of no more. */
  get build(): BuildResource | null {
    this.#build = this.#deps.store.state.builds.get(this.buildId)?.value ?? this.#build;
    return this.#build;
  }

  get log(): OpenLog | null {
    return this.#log;
  }

  /** Those that were read when it was opened, each in the form that events told since. */
  get steps(): StepResource[] {
    const told = stepsOf(this.#deps.store.state, this.buildId);
    const all = new Map([...this.#read, ...told.map((step): [number, StepResource] => [step.stepid, step])]);
    return [...all.values()].sort((a, b) => a.number - b.number);
  }

  /** Shows the log of this step from now on. */
  show(stepId: number): void {
    if (this.#log?.stepId === stepId) return;
    this.#logClosed.abort();
    this.#logClosed = new AbortController();
    const log: OpenLog = { stepId, resource: null, window: new LogWindow(), trouble: null };
    this.#log = log;
    const text = new LogSanitizer({ colour: false });
    let position: number | null = null;
    const signal = AbortSignal.any([this.#closed.signal, this.#logClosed.signal]);
    this.#keepOn(signal, async (client) => {
      log.resource ??= await this.#findLog(client, stepId, signal);
      const { logid, num_bytes } = log.resource;
      position ??= Math.max(0, (num_bytes ?? 0) - TAIL_BYTES);
      for await (const bytes of client.rawLog(logid, position, true, signal)) {
        position += bytes.length;
        log.window.push(text.push(bytes), text.pending);
        this.#deps.onChange();
      }
      if (!signal.aborted) log.window.push(text.end());
    });
  }

  close(): void {
    this.#closed.abort();
  }

  async #readSteps(client: ApiClient, signal: AbortSignal): Promise<void> {
    for (const step of await client.resources('steps', `builds/${this.buildId}/steps`, signal))
      if (!step.hidden) this.#read.set(step.stepid, step);
    this.#deps.onChange();
  }

  async #findLog(client: ApiClient, stepId: number, signal: AbortSignal): Promise<LogResource> {
    for (;;) {
      const log = mainLog(await client.resources('logs', `steps/${stepId}/logs`, signal));
      if (log !== undefined) return log;
      await this.#deps.clock.sleep(AGAIN_MS, signal);
      signal.throwIfAborted();
    }
  }

  /** Does it with the client of now, and again with the next one when the link breaks. */
  #keepOn(signal: AbortSignal, task: (client: ApiClient, signal: AbortSignal) => Promise<void>): void {
    const run = async () => {
      for (let client = await this.#deps.current.other(null, signal); ; ) {
        try {
          return await task(client, signal);
        } catch (error) {
          if (!(error instanceof LinkError)) throw error;
          client = await this.#deps.current.other(client, signal);
        }
      }
    };
    run().catch((error: unknown) => {
      if (signal.aborted || !(error instanceof Error)) return;
      if (this.#log !== null) this.#log.trouble = error.message;
      this.#deps.onChange();
    });
  }
}
