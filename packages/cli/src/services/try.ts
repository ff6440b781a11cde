/**
 * `buildbot try` from Enter to exit code: snapshot and connection at the same time, then the job, then following it to
 * its end. What is shown is the business of a face that watches the store.
 */
import { encodeTryJob, formatDuration, type Results, sanitizeName, UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { TrySource } from '../vcs/port.ts';
import { tryView } from '../view/try-view.ts';
import { EXIT, exitCodeOf, resultMark, verdictText } from '../view/verdict.ts';
import { findDelivered } from './find-delivered.ts';
import { followBuildSet } from './follow-build-set.ts';
import { Intents, Interrupted } from './intents.ts';
import type { Runtime } from './runtime.ts';
import { StepLogs } from './step-logs.ts';
import type { Submitted, Submitter } from './submit.ts';
import { newJobId, snapshotFact, tryJobOf } from './try-job.ts';
import type { ViewStore } from './view-store.ts';

export interface TryInput {
  settings: LoadedSettings;
  submitter: Submitter;
  store: ViewStore;
  version: string;
  /** Takes the snapshot; ends early when the signal aborts. */
  readSource: (signal: AbortSignal) => Promise<TrySource>;
  /** `buildbot watch` with what leads to the same master, before the id. */
  attachCommand: readonly string[];
  /** Whether running steps' tails are shown. */
  tails: boolean;
  /** Is given what the keys may do, once. */
  onIntents?: (intents: Intents) => void;
}

/** How it ended: an exit code and a line for people. */
export interface Ending {
  exitCode: number;
  text: string;
}

/** @throws UserError, ExternalError, LinkError before the job was taken; after that every end is an `Ending`. */
export async function runTry(input: TryInput, runtime: Runtime): Promise<Ending> {
  const run = new TryRun(input, runtime);
  const stopListening = runtime.onInterrupt(() => run.intents.interrupt());
  try {
    return await run.run();
  } catch (error) {
    if (error instanceof Interrupted) return { exitCode: EXIT.interrupted, text: 'interrupted, nothing was sent' };
    throw error;
  } finally {
    stopListening();
    await input.submitter.close();
  }
}

class TryRun {
  readonly intents: Intents;
  readonly #input: TryInput;
  readonly #runtime: Runtime;
  #client: ApiClient | undefined;

  constructor(input: TryInput, runtime: Runtime) {
    this.#input = input;
    this.#runtime = runtime;
    this.intents = new Intents(runtime.clock, {
      onFirstPress: () => this.#note('detaching: the builds go on. Press Ctrl-C again to stop them.'),
      onStop: () => void this.#stopBuilds('stopped by Ctrl-C or x'),
    });
    input.onIntents?.(this.intents);
  }

  async run(): Promise<Ending> {
    const { settings, submitter, version } = this.#input;
    const source = await this.#prepare();
    const job = tryJobOf(source, settings, newJobId(this.#now(), this.#runtime.random), version);
    const bytes = encodeTryJob(job);
    this.intents.givenUp.throwIfAborted();
    this.intents.sending();
    const submitted = await submitter.submit(bytes);
    const buildSetId = await this.#taken(submitted, job.jobId);
    if (typeof buildSetId !== 'number') return buildSetId;
    return this.#follow(buildSetId, submitted.kind === 'verdict' ? submitted.client : null);
  }

  #now(): number {
    return this.#runtime.clock.now();
  }

  #note(text: string): void {
    this.#input.store.dispatch({ type: 'local', fact: { type: 'note', text, at: this.#now() } });
  }

  /** Both at once; whichever fails first ends it. */
  async #prepare(): Promise<TrySource> {
    const { submitter, store, readSource } = this.#input;
    const { clock } = this.#runtime;
    const since = clock.monotonic();
    const { givenUp } = this.intents;
    const preparation = { snapshot: 'running' as 'running' | 'done', link: 'running' as 'running' | 'done', target: sanitizeName(submitter.name), startedAt: this.#now() };
    const tell = (done: Partial<typeof preparation>) =>
      store.dispatch({ type: 'preparation', preparation: { ...Object.assign(preparation, done) } });
    tell({});
    const source = readSource(givenUp).then((taken) => {
      store.dispatch({ type: 'local', fact: snapshotFact(taken, clock.monotonic() - since, this.#now()) });
      tell({ snapshot: 'done' });
      return taken;
    });
    const connected = submitter.prepare().then(() => tell({ link: 'done' }));
    const [taken] = await Promise.race([Promise.all([source, connected]), rejected(givenUp)]);
    return taken;
  }

  /** The build set's id, or the ending of a try that cannot be followed. */
  async #taken(submitted: Submitted, jobId: string): Promise<number | Ending> {
    const { store, settings, submitter } = this.#input;
    if (submitted.kind === 'delivered') return this.#delivered(jobId);
    const { verdict, user } = submitted;
    switch (verdict.status) {
      case 'refused':
        throw new UserError(`refused: ${verdict.reason}`, verdict.hint === null ? {} : { hint: verdict.hint });
      case 'kept':
        store.dispatch({ type: 'local', fact: { type: 'kept', reason: verdict.reason, at: this.#now() } });
        return { exitCode: EXIT.detached, text: 'the job is kept and will run when the master does' };
      case 'accepted': {
        const builders = verdict.requests.map(({ builder }) => sanitizeName(builder, { maxLength: 70 }));
        const { buildSetId } = verdict;
        store.dispatch({ type: 'local', fact: { type: 'queued', buildSetId, builders, user, at: this.#now() } });
        const why = submitted.client === null && submitter.link.name === submitter.name ? submitted.why : null;
        if (why !== null) this.#note(`it cannot be followed: ${why}`);
        return settings.wait && why === null ? buildSetId : this.#detachedEnding(buildSetId);
      }
    }
  }

  /** A real Buildbot took the file and said nothing. With its API known, the job's id leads to the build set. */
  async #delivered(jobId: string): Promise<number | Ending> {
    const { store, settings, submitter } = this.#input;
    store.dispatch({
      type: 'local',
      fact: { type: 'kept', reason: 'the server took the job in Buildbot\'s plain protocol', at: this.#now() },
    });
    if (settings.api === undefined || !settings.wait) {
      return { exitCode: EXIT.detached, text: 'delivered; to follow it, name the API of the master with --api' };
    }
    const client = await submitter.link.open();
    const set = await findDelivered(client, jobId, this.#runtime.clock, this.intents.detached);
    if (set === null) return { exitCode: EXIT.infrastructure, text: 'the master has not taken the job in: see its log for why' };
    store.dispatch({ type: 'local', fact: { type: 'queued', buildSetId: set, builders: settings.builders, user: null, at: this.#now() } });
    return set;
  }

  async #follow(buildSetId: number, first: ApiClient | null): Promise<Ending> {
    const { store, submitter, settings, tails } = this.#input;
    const { clock, random } = this.#runtime;
    const since = clock.monotonic();
    const timeout = new AbortController();
    const ended = new AbortController();
    const signal = AbortSignal.any([this.intents.detached, timeout.signal, ended.signal]);
    if (settings.timeout !== undefined) void clock.sleep(settings.timeout, ended.signal).then(() => timeout.abort());
    const logs = new StepLogs({ store, tails, signal });
    try {
      await followBuildSet(
        { link: submitter.link, store, clock, random },
        {
          buildSetId,
          first: first ?? undefined,
          signal,
          onClient: (client) => {
            this.#client = client;
            logs.use(client);
          },
        },
      );
      const { complete, results } = tryView(store.state, clock.now());
      if (complete && results !== null) {
        await logs.settled();
        return endingOf(buildSetId, results, clock.monotonic() - since);
      }
      return timeout.signal.aborted ? this.#timedOut(buildSetId) : this.#detachedEnding(buildSetId);
    } finally {
      ended.abort();
    }
  }

  #attachLine(buildSetId: number): string {
    return [...this.#input.attachCommand, buildSetId].join(' ');
  }

  #detachedEnding(buildSetId: number): Ending {
    const attach = this.#attachLine(buildSetId);
    this.#input.store.dispatch({ type: 'local', fact: { type: 'detached', attach, at: this.#now() } });
    return { exitCode: EXIT.detached, text: `try #${buildSetId} goes on` };
  }

  #timedOut(buildSetId: number): Ending {
    return { exitCode: EXIT.timedOut, text: `try #${buildSetId} is not done in time; it goes on. Attach again with: ${this.#attachLine(buildSetId)}` };
  }

  /** A request that is cancelled takes its running build with it. */
  async #stopBuilds(reason: string): Promise<void> {
    this.#input.store.dispatch({ type: 'local', fact: { type: 'stopping', reason: 'asking the master to stop the builds', at: this.#now() } });
    const open = tryView(this.#input.store.state, this.#now()).rows.filter(({ state }) => state !== 'done');
    try {
      for (const { requestId } of open) await this.#client?.control(`buildrequests/${requestId}`, 'cancel', { reason });
    } catch (error) {
      this.#note(`the master did not stop them: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function endingOf(buildSetId: number, results: Results, elapsedMs: number): Ending {
  const text = `${resultMark(results)} try #${buildSetId} ${verdictText(results)} after ${formatDuration(elapsedMs)}`;
  return { exitCode: exitCodeOf(results), text };
}
