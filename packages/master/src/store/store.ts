/** The port, answered by the verbs: reads go to the reading connection, writes through the queue. */
import type { Kysely } from 'kysely';
import type { Clock, FailPoint } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { marked } from './fail-points.ts';
import type { LogReader } from './log-reader.ts';
import type { LogWriter } from './log-writer.ts';
import type { LogFiles } from './logs/log-files.ts';
import { lossesOf } from './losses.ts';
import { eventRange, eventsAfter } from './outbox.ts';
import { builtSources, pastSteps } from './past-results.ts';
import type { PatchFiles } from './patch-files.ts';
import { answer } from './query/query.ts';
import * as read from './reading.ts';
import { cleanUp } from './retention.ts';
import type { Tables } from './tables.ts';
import * as buildSets from './verbs/build-sets.ts';
import * as builds from './verbs/builds.ts';
import * as commands from './verbs/commands.ts';
import * as credentials from './verbs/credentials.ts';
import * as inventory from './verbs/inventory.ts';
import * as queue from './verbs/queue.ts';
import { readerPosition, setReaderPosition } from './verbs/readers.ts';
import { addChange } from './verbs/sources.ts';
import * as standing from './verbs/standing.ts';
import * as steps from './verbs/steps.ts';
import { keepTestResults } from './verbs/test-results.ts';
import { noteWorker } from './verbs/worker-notes.ts';
import type { WriteContext, WriteQueue } from './write-queue.ts';

export interface StoreParts {
  reader: Kysely<Tables>;
  slowReader: Kysely<Tables>;
  queue: WriteQueue;
  files: LogFiles;
  patches: PatchFiles;
  logs: LogReader;
  writer: LogWriter;
  failPoint: FailPoint;
  clock: Clock;
  close(): Promise<void>;
}

/** A verb with its context taken off: what the port has. */
type Bound<F> = F extends (context: WriteContext, ...input: infer I) => infer R ? (...input: I) => R : never;

export function createStore({
  reader,
  slowReader,
  queue: writes,
  files,
  patches,
  logs,
  writer,
  failPoint,
  clock,
  close,
}: StoreParts): Store {
  /** Run a verb in the write queue. Its name is that of its function. */
  const write =
    <I extends unknown[], R>(verb: (context: WriteContext, ...input: I) => Promise<R>): Bound<typeof verb> =>
    (...input) =>
      writes.run(marked(failPoint, verb.name, (context) => verb(context, ...input)));

  return {
    close,
    onCommit: (listener) => writes.onCommit(listener),

    registerMaster: write(inventory.registerMaster),
    masterDraining: write(inventory.masterDraining),
    masterStopped: write(inventory.masterStopped),
    register: write(inventory.register),
    setWorkerState: write(inventory.setWorkerState),
    trustWorker: write(standing.trustWorker),
    markMissing: write(standing.markMissing),
    noteWorker: write(noteWorker),
    setSchedulerEnabled: write(inventory.setSchedulerEnabled),

    addBuildSet: (set) =>
      patches.withPatches(set.sourceStamps, (sourceStamps) =>
        write(buildSets.addBuildSet)({ ...set, sourceStamps }),
      ),
    addBuildSetOnce: (set, once) =>
      patches.withPatches(set.sourceStamps, (sourceStamps) =>
        write(buildSets.addBuildSetOnce)({ ...set, sourceStamps }, once),
      ),
    madeOnce: (submitter, once) => buildSets.madeOnce(reader, submitter, once),
    acceptTryJob: (job, set) =>
      patches.withPatches(set.sourceStamps, (sourceStamps) =>
        write(buildSets.acceptTryJob)(job, { ...set, sourceStamps }),
      ),
    refuseTryJob: write(buildSets.refuseTryJob),
    tryJob: (jobId) => read.findTryJob(reader, jobId),
    addChange: write(addChange),
    async patchBody(patchId) {
      const sha256 = await read.patchDigest(reader, patchId);
      return sha256 === null ? null : await patches.read(sha256);
    },
    rebuild: write(buildSets.rebuild),

    pendingRequests: (requestIds) => read.pendingRequests(reader, requestIds),
    claim: write(queue.claim),
    cancelRequest: write(queue.cancelRequest),
    setPriority: write(queue.setPriority),
    unshelve: write(queue.unshelve),

    takeUpBuilds: write(builds.takeUpBuilds),
    beginBuild: write(builds.beginBuild),
    build: (buildId) => read.findBuild(reader, buildId),
    buildOfRequest: (requestId) => read.buildOfRequest(reader, requestId),
    lossesOf: (buildId, count) => lossesOf(reader, buildId, count),
    orderStop: write(builds.orderStop),
    setBuildState: write(builds.setBuildState),
    buildProperties: (buildId) => read.buildProperties(reader, buildId),
    buildSetProperties: (buildSetId) => read.findBuildSetProperties(reader, buildSetId),
    finishBuild: (input) => writer.finishBuild(input),

    startStep: write(steps.startStep),
    updateStep: write(steps.updateStep),
    finishStep: write(steps.finishStep),
    addLog: write(steps.addLog),
    finishLog: (logId) => writer.finishLog(logId),
    appendLog: (logId, stream, bytes) => writer.appendLog(logId, stream, bytes),

    keepTestResults: write(keepTestResults),
    builtSources: (buildId) => builtSources(reader, buildId),
    pastSteps: (input) => pastSteps(reader, input),

    putCommand: write(commands.putCommand),
    command: (key) => commands.findCommand(reader, key),
    openSession: write(commands.openSession),
    commitWorkerEffects: (workerId, bootId, effects) => writer.commitWorkerEffects(workerId, bootId, effects),

    log: (logId) => logs.log(logId),
    readLog: (logId, offset) => logs.readLog(logId, offset),
    readLogLines: (logId, first, count) => logs.readLogLines(logId, first, count),
    query: (resource, query, options) =>
      answer({ reader, slowReader }, resource, query, options?.properties ?? null),
    pastBuilds: (builderId, limit) => read.pastBuilds(reader, builderId, limit),

    eventRange: () => eventRange(reader),
    eventsAfter: (number, limit) => eventsAfter(reader, number, limit),
    readerPosition: (name) => readerPosition(reader, name),
    setReaderPosition: write(setReaderPosition),

    addCredential: write(credentials.addCredential),
    validCredentials: () => credentials.validCredentials(reader, clock.now()),
    tokens: () => credentials.tokens(reader),
    revokeCredential: write(credentials.revokeCredential),
    touchCredential: write(credentials.touchCredential),
    audit: write(credentials.audit),

    cleanUp: (limits) => cleanUp({ reader, queue: writes, logs: files, patches }, limits),
  };
}
