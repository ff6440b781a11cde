/**
 * The store as builds write to it: while the disk is full their verbs wait for space, where an error would end a build
 * that nothing is wrong with. What people ask for is not held back in this way: they are told at once.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { ExternalError } from '@buildbot/shared';
import type { Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';

/** What the runner of a build and its steps ask of the store. */
export type BuildStore = Pick<
  Store,
  | 'addLog'
  | 'appendLog'
  | 'beginBuild'
  | 'build'
  | 'command'
  | 'finishBuild'
  | 'finishLog'
  | 'finishStep'
  | 'keepTestResults'
  | 'lossesOf'
  | 'patchBody'
  | 'putCommand'
  | 'readLog'
  | 'setBuildState'
  | 'startStep'
  | 'updateStep'
>;

export interface PatientStoreDeps {
  store: BuildStore;
  logger: Logger;
  /** Ends the waiting: the verbs fail with what the store said last. */
  signal: AbortSignal;
  /** How often a verb is tried again. Milliseconds, default 1000. */
  retryMs?: number;
}

const RETRY_MS = 1000;

/** All verbs of one store wait together, and say so once. */
export function patientStore(deps: PatientStoreDeps): BuildStore {
  const { store, logger, signal, retryMs = RETRY_MS } = deps;
  let waiting = 0;

  const untilSpace = async <T>(verb: () => Promise<T>, error: ExternalError): Promise<T> => {
    if (waiting++ === 0) logger.warn({}, `builds wait: ${error.message}`);
    try {
      for (let last = error; ; ) {
        await wait(retryMs, undefined, { signal }).catch(() => Promise.reject(last));
        const tried = await attempt(verb);
        if (tried.ok) return tried.value;
        last = tried.error;
      }
    } finally {
      if (--waiting === 0) logger.info({}, 'builds do not wait for the disk any more');
    }
  };

  const patiently = async <T>(verb: () => Promise<T>): Promise<T> => {
    const tried = await attempt(verb);
    return tried.ok ? tried.value : await untilSpace(verb, tried.error);
  };

  return {
    addLog: async (input) => await patiently(() => store.addLog(input)),
    appendLog: async (logId, stream, bytes) => await patiently(() => store.appendLog(logId, stream, bytes)),
    beginBuild: async (buildId, beginning) => await patiently(() => store.beginBuild(buildId, beginning)),
    build: async (buildId) => await store.build(buildId),
    command: async (key) => await store.command(key),
    finishBuild: async (end) => await patiently(() => store.finishBuild(end)),
    finishLog: async (logId) => await patiently(() => store.finishLog(logId)),
    finishStep: async (end) => await patiently(() => store.finishStep(end)),
    keepTestResults: async (results) => await patiently(() => store.keepTestResults(results)),
    lossesOf: async (buildId, count) => await store.lossesOf(buildId, count),
    patchBody: async (patchId) => await store.patchBody(patchId),
    putCommand: async (key, buildId, command) =>
      await patiently(() => store.putCommand(key, buildId, command)),
    readLog: (logId, offset) => store.readLog(logId, offset),
    setBuildState: async (buildId, state) => await patiently(() => store.setBuildState(buildId, state)),
    startStep: async (input) => await patiently(() => store.startStep(input)),
    updateStep: async (stepId, change) => await patiently(() => store.updateStep(stepId, change)),
  };
}

type Attempt<T> = { ok: true; value: T } | { ok: false; error: ExternalError };

/** A failure that may pass is a value; any other is thrown. */
async function attempt<T>(verb: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await verb() };
  } catch (error) {
    if (error instanceof ExternalError && error.isPassing) return { ok: false, error };
    throw error;
  }
}
