/** Follows a try that a master has taken, to its result or until somebody has had enough: for `try` and `watch ID`. */
import {
  type BuildSetResource,
  EXCEPTION,
  FAILURE,
  formatDuration,
  messageOf,
  type Results,
} from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { isNothingNew } from '../view/new-only.ts';
import { tryView } from '../view/try-view.ts';
import { EXIT, exitCodeOf, isInfrastructureFailure, resultMark, verdictText } from '../view/verdict.ts';
import { followBuildSet } from './follow-build-set.ts';
import { LogFollower, type LogFollowerOptions } from './follow-logs.ts';
import { Intents } from './intents.ts';
import type { MasterLink } from './master-link.ts';
import type { Runtime } from './runtime.ts';
import { RECONNECT_MS } from './stay-linked.ts';
import { StepLogs } from './step-logs.ts';
import type { ViewStore } from './view-store.ts';

/** How it ended: an exit code and a line for people, who see a mark before it. */
export interface Ending {
  exitCode: number;
  text: string;
  mark?: string;
}

export interface FollowerOptions {
  link: MasterLink;
  store: ViewStore;
  runtime: Runtime;
  /** Words of the command that attaches to the same master, before the try's number. */
  attachCommand: readonly string[];
  /** Milliseconds; undefined waits for ever. */
  timeoutMs: number | undefined;
  /** Without contact for this long it detaches. Milliseconds. */
  reconnectMs?: number | undefined;
  /** Whether running steps' tails are shown. */
  tails: boolean;
  /** `--follow`: all of the logs is told, from where an earlier process had come to. */
  logs?: Pick<LogFollowerOptions, 'tell' | 'from'> | undefined;
  /** False when the builds end with this process. */
  canDetach?: boolean;
  /** `--new-only`: what fails without the change, too, counts for nothing. */
  newOnly?: boolean | undefined;
}

export class TryFollower {
  readonly intents: Intents;
  readonly #options: FollowerOptions;
  /** Known once the job is taken. */
  #buildSetId: number | undefined;
  #client: ApiClient | undefined;
  #logs: LogFollower | undefined;
  #isStopping = false;
  #isDetachTold = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
    const actions = {
      onFirstPress: () => this.#tellDetached({ canStop: true }),
      onStop: () => void this.#stopBuilds(),
    };
    this.intents = new Intents(options.runtime.clock, actions, options.canDetach);
  }

  note(text: string): void {
    this.#options.store.dispatch({
      type: 'local',
      fact: { type: 'note', text, at: this.#options.runtime.clock.now() },
    });
  }

  /** `first` is a client that is open already. */
  async follow(buildSetId: number, first: ApiClient | null): Promise<Ending> {
    const { link, store, runtime, timeoutMs, tails } = this.#options;
    const { clock, random } = runtime;
    this.#buildSetId = buildSetId;
    const timeout = new AbortController();
    const ended = new AbortController();
    const signal = AbortSignal.any([this.intents.detached, timeout.signal, ended.signal]);
    if (timeoutMs !== undefined) void clock.sleep(timeoutMs, ended.signal).then(() => timeout.abort());
    const stepLogs = new StepLogs({ store, tails, signal });
    const logs = this.#options.logs && new LogFollower({ store, signal, ...this.#options.logs });
    this.#logs = logs;
    const onClient = (client: ApiClient) => {
      this.#client = client;
      stepLogs.use(client);
      logs?.use(client);
    };
    // Somebody may have asked to stop before the job had arrived.
    const unsubscribe = store.subscribe(() => {
      if (this.#isStopping && store.state.requests.size > 0) unsubscribe();
      if (this.#isStopping && store.state.requests.size > 0) void this.#cancelOpen();
    });
    try {
      const giveUpAfterMs = this.#options.reconnectMs ?? RECONNECT_MS;
      const end = await followBuildSet(
        { link, store, clock, random },
        {
          buildSetId,
          first: first ?? undefined,
          giveUpAfterMs,
          signal,
          onClient,
          settled: () => logs?.settled() ?? Promise.resolve(),
        },
      );
      if (end === 'no-contact') this.note(`… no contact for ${formatDuration(giveUpAfterMs)}: given up`);
      const { isOver, results } = tryView(store.state, clock.now());
      if (!isOver || results === null)
        return timeout.signal.aborted ? this.#timedOut(buildSetId) : this.left(buildSetId);
      await stepLogs.settled();
      // A base that was built meanwhile may tell more than was known when the step had ended.
      if (this.#options.newOnly) await stepLogs.readFailuresAgain();
      return this.#complete(buildSetId, results);
    } finally {
      ended.abort();
    }
  }

  /** The ending of a try that nobody watches any longer. */
  left(buildSetId: number): Ending {
    this.#buildSetId = buildSetId;
    if (this.#options.canDetach === false) {
      return {
        exitCode: EXIT.interrupted,
        text: `try #${buildSetId} was left, its builds ended with it`,
        mark: '■',
      };
    }
    if (!this.#isDetachTold) this.#tellDetached({ canStop: false });
    return { exitCode: EXIT.detached, text: '' };
  }

  #tellDetached({ canStop }: { canStop: boolean }): void {
    if (this.#buildSetId === undefined) {
      this.note('the job is on its way: detaching when it has arrived. Ctrl-C again stops its builds.');
      return;
    }
    this.#isDetachTold = true;
    // What came after this line would be told again.
    this.#logs?.hold();
    const attach = this.#attachLine(this.#buildSetId);
    const at = this.#options.runtime.clock.now();
    this.#options.store.dispatch({ type: 'local', fact: { type: 'detached', attach, canStop, at } });
  }

  #attachLine(buildSetId: number): string {
    const { attachCommand, logs, newOnly } = this.#options;
    const position = this.#logs?.position ?? null;
    const follow = logs === undefined ? [] : ['--follow', ...(position === null ? [] : ['--from', position])];
    return [...attachCommand, buildSetId, ...follow, ...(newOnly ? ['--new-only'] : [])].join(' ');
  }

  #timedOut(buildSetId: number): Ending {
    const goesOn = `goes on. To watch it again: ${this.#attachLine(buildSetId)}`;
    const end = this.#options.canDetach === false ? 'was given up' : goesOn;
    return { exitCode: EXIT.timedOut, text: `try #${buildSetId} is not done in time and ${end}`, mark: '■' };
  }

  #complete(buildSetId: number, results: Results): Ending {
    const set = this.#options.store.state.buildSets.get(buildSetId)?.value;
    if (set?.complete !== true) return this.#shelved(buildSetId);
    const durationMs = this.#durationMs(set);
    const length = durationMs === null ? '' : ` in ${formatDuration(durationMs)}`;
    const { newOnly = false, store } = this.#options;
    const isExcused = newOnly && results === FAILURE && isNothingNew(store.state);
    return {
      exitCode: isExcused ? EXIT.passed : exitCodeOf(results),
      text: `try #${buildSetId} ${verdictText(results, this.#isInfrastructure())}${length}${isExcused ? ', nothing of it is new' : ''}`,
      mark: resultMark(results),
    };
  }

  #isInfrastructure(): boolean {
    const builds = [...this.#options.store.state.builds.values()];
    return builds.some(({ value }) => value.results === EXCEPTION && isInfrastructureFailure(value));
  }

  /** From the queue to the end of the last build; a real Buildbot has only seconds. Null when it is not known. */
  #durationMs({ submitted_at, submitted_at_ms, complete_at }: BuildSetResource): number | null {
    if (complete_at === null) return null;
    const { builds } = this.#options.store.state;
    const ends = [...builds.values()].flatMap(({ value }) => value.complete_at_ms ?? []);
    const exact = Math.max(...ends) - submitted_at_ms;
    return Number.isFinite(exact) && exact > 0 ? exact : Math.max(1000, (complete_at - submitted_at) * 1000);
  }

  /** What failed of it waits for a person: nothing that this try could wait for. */
  #shelved(buildSetId: number): Ending {
    const again = `try #${buildSetId} is shelved after infrastructure failures`;
    const attach = `then: ${this.#attachLine(buildSetId)}`;
    const unshelve = this.#shelvedCommand();
    const text = this.#options.canDetach === false ? again : `${again}. To try again: ${unshelve}; ${attach}`;
    return { exitCode: EXIT.infrastructure, text, mark: resultMark(EXCEPTION) };
  }

  #shelvedCommand(): string {
    const { store, attachCommand } = this.#options;
    const rows = tryView(store.state, 0).rows.filter(({ state }) => state === 'shelved');
    const [program = 'buildbot', , ...where] = attachCommand;
    return [program, 'unshelve', ...rows.map(({ requestId }) => requestId), ...where].join(' ');
  }

  async #stopBuilds(): Promise<void> {
    const { store, runtime } = this.#options;
    // Dispatching tells the subscription of `follow`, which may be the one that cancels.
    const isKnown = store.state.requests.size > 0;
    const at = runtime.clock.now();
    const reason = 'asking the master to stop the builds';
    store.dispatch({ type: 'local', fact: { type: 'stopping', reason, at } });
    this.#isStopping = true;
    this.#logs?.release();
    if (isKnown) await this.#cancelOpen();
  }

  /** A request that is cancelled takes its running build with it. */
  async #cancelOpen(): Promise<void> {
    const { store, runtime } = this.#options;
    const at = runtime.clock.now();
    const open = tryView(store.state, at).rows.filter(({ state }) => state !== 'done');
    try {
      for (const { requestId } of open) {
        await this.#client?.control(`buildrequests/${requestId}`, 'cancel', {
          reason: 'stopped from buildbot try',
        });
      }
    } catch (error) {
      this.note(`the builds were not stopped: ${messageOf(error)}`);
    }
  }
}
