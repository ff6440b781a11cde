/**
 * `buildbot try` from Enter to exit code: snapshot and connection at the same time, then the job, then following it to
 * its end. What is shown is the business of a face that watches the store.
 */
import { encodeTryJob, sanitizeName, UserError } from '@buildbot/shared';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { TrySource } from '../vcs/port.ts';
import type { Preparation } from '../view/messages.ts';
import { EXIT } from '../view/verdict.ts';
import { findDelivered } from './find-delivered.ts';
import { type Ending, type FollowerOptions, TryFollower } from './follow-try.ts';
import type { Intents } from './intents.ts';
import { Interrupted } from './intents.ts';
import type { Runtime } from './runtime.ts';
import { RECONNECT_MS } from './stay-linked.ts';
import type { Submitted, Submitter } from './submit.ts';
import { newJobId, snapshotFact, tryJobOf } from './try-job.ts';
import type { ViewStore } from './view-store.ts';
import { whenTaken } from './when-taken.ts';

export interface TryInput {
  settings: LoadedSettings;
  submitter: Submitter;
  store: ViewStore;
  version: string;
  /** Takes the snapshot; ends early when the signal aborts. */
  readSource: (signal: AbortSignal) => Promise<TrySource>;
  /** `buildbot watch` with what leads to the same master, before the number. */
  attachCommand: readonly string[];
  /** Whether running steps' tails are shown. */
  tails: boolean;
  logs: FollowerOptions['logs'];
  /** False when the builds end with this process. */
  canDetach: boolean;
  newOnly: boolean;
  /** Is given what the keys may do, once. */
  onIntents?: (intents: Intents) => void;
}

/** @throws UserError, ExternalError, LinkError while the job is not taken; after that an end is an `Ending`. */
export async function runTry(input: TryInput, runtime: Runtime): Promise<Ending> {
  const { submitter, store, settings, attachCommand, tails } = input;
  const follower = new TryFollower({
    link: submitter.link,
    store,
    runtime,
    attachCommand,
    timeoutMs: settings.timeout,
    reconnectMs: settings.reconnect,
    tails,
    logs: input.logs,
    canDetach: input.canDetach,
    newOnly: input.newOnly,
  });
  const { intents } = follower;
  input.onIntents?.(intents);
  const stopListening = runtime.onInterrupt((interruption) => intents.onInterruption(interruption));
  try {
    const source = await prepare(input, runtime, intents.givenUp);
    const job = tryJobOf(source, settings, newJobId(runtime.clock.now(), runtime.random), input.version);
    const bytes = encodeTryJob(job);
    intents.givenUp.throwIfAborted();
    intents.sending();
    const taken = await takenAs(await submitter.submit(bytes, job.jobId), {
      input,
      runtime,
      follower,
      job: { jobId: job.jobId, bytes },
    });
    return 'exitCode' in taken ? taken : await follower.follow(taken.buildSetId, taken.client);
  } catch (error) {
    if (error instanceof Interrupted)
      return { exitCode: EXIT.interrupted, text: 'interrupted, nothing was sent' };
    throw error;
  } finally {
    stopListening();
    await submitter.close();
  }
}

/** Snapshot and connection at once; whichever fails first ends it. */
async function prepare(
  { submitter, store, readSource }: TryInput,
  { clock }: Runtime,
  givenUp: AbortSignal,
): Promise<TrySource> {
  const since = clock.monotonic();
  let preparation: Preparation = {
    snapshot: 'running',
    link: 'running',
    target: sanitizeName(submitter.name),
    startedAt: clock.now(),
  };
  const tell = (done: Partial<Preparation>) => {
    preparation = { ...preparation, ...done };
    store.dispatch({ type: 'preparation', preparation });
  };
  tell({});
  const connected = submitter.prepare().then(() => tell({ link: 'done' }));
  const source = readSource(givenUp).then((taken) => {
    store.dispatch({ type: 'local', fact: snapshotFact(taken, clock.monotonic() - since, clock.now()) });
    tell({ snapshot: 'done' });
    return taken;
  });
  const [taken] = await Promise.race([Promise.all([source, connected]), rejectedBy(givenUp)]);
  return taken;
}

function rejectedBy(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

interface Taking {
  input: TryInput;
  runtime: Runtime;
  follower: TryFollower;
  job: { jobId: string; bytes: Uint8Array };
}

type Taken = { buildSetId: number; client: Extract<Submitted, { kind: 'verdict' }>['client'] } | Ending;

async function takenAs(submitted: Submitted, taking: Taking): Promise<Taken> {
  if (submitted.kind === 'delivered') return delivered(taking);
  const { input, runtime, follower } = taking;
  const { verdict, user, client, why } = submitted;
  const at = runtime.clock.now();
  switch (verdict.status) {
    case 'refused':
      throw new UserError(`refused: ${verdict.reason}`, hintOf(verdict.hint, input.settings.builders));
    case 'kept':
      input.store.dispatch({ type: 'local', fact: { type: 'kept', reason: verdict.reason, at } });
      return kept(taking);
    case 'accepted': {
      const { buildSetId, requests } = verdict;
      const builders = requests.map(({ builder }) => sanitizeName(builder, { maxLength: 70 }));
      input.store.dispatch({ type: 'local', fact: { type: 'queued', buildSetId, builders, user, at } });
      if (why !== null) follower.note(`the channel could not be kept: ${why}`);
      return input.settings.wait ? { buildSetId, client } : follower.left(buildSetId);
    }
  }
}

/** No master could take it in: whoever waits for the result waits for one. */
async function kept(taking: Taking): Promise<Taken> {
  const { input, runtime, follower, job } = taking;
  const { settings, submitter, attachCommand } = input;
  const attach = [...attachCommand, job.jobId].join(' ');
  const text = `the job is kept, and the master takes it in as soon as it can. To watch it then: ${attach}`;
  const later: Ending = { exitCode: EXIT.detached, text };
  if (!settings.wait) return later;
  const { timeout = Number.POSITIVE_INFINITY, reconnect = RECONNECT_MS } = settings;
  const signal = follower.intents.detached;
  const giveUpAfterMs = Math.min(timeout, reconnect);
  const { clock, random } = runtime;
  const taken = await whenTaken({ ...job, submitter, clock, random, giveUpAfterMs, signal });
  if (taken === null)
    return timeout > reconnect || signal.aborted ? later : { ...later, exitCode: EXIT.timedOut };
  if ('verdict' in taken) return takenAs(taken, taking);
  tellQueued(taking, taken.buildSetId);
  return taken;
}

/** To the server a list with commas is a single name. */
function hintOf(hint: string | null, builders: readonly string[]): { hint?: string } {
  if (builders.some((name) => name.includes(','))) return { hint: 'For several builders repeat -b.' };
  return hint === null ? {} : { hint };
}

/** A real Buildbot took the file and said nothing. If its API is known, the job's id leads to the build set. */
async function delivered(taking: Taking): Promise<Taken> {
  const { input, runtime, follower, job } = taking;
  const { store, settings, submitter } = input;
  const reason = "the server took the job in Buildbot's plain protocol";
  store.dispatch({ type: 'local', fact: { type: 'kept', reason, at: runtime.clock.now() } });
  if (settings.api === undefined || !settings.wait) {
    return { exitCode: EXIT.detached, text: 'to follow such a try, name the API of its master with --api' };
  }
  const client = await submitter.link.open();
  const buildSetId = await findDelivered(client, job.jobId, runtime.clock, follower.intents.detached);
  if (buildSetId === null) {
    return {
      exitCode: EXIT.infrastructure,
      text: 'the master has not taken the job in: its own log says why',
    };
  }
  tellQueued(taking, buildSetId);
  return { buildSetId, client };
}

/** Of a job that was found again; who had sent it nobody says. */
function tellQueued({ input: { store, settings }, runtime }: Taking, buildSetId: number): void {
  const builders = settings.builders.map((name) => sanitizeName(name));
  const at = runtime.clock.now();
  store.dispatch({ type: 'local', fact: { type: 'queued', buildSetId, builders, user: null, at } });
}
