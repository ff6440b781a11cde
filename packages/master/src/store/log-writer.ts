/**
 * Writes that concern log files and rows together. The order is always the same: bytes to the file, sync, then one
 * transaction that makes them count, then readers may see them. Everything about one build's logs goes through that
 * build's file, one after the other, so the checks made before the bytes are written still hold in the transaction.
 */
import { CHUNK_BYTES } from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { WorkerEffect } from '../ports/records.ts';
import type { FailPoint, Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { marked } from './fail-points.ts';
import { failedWrite } from './full-disk.ts';
import type { Appended, BuildLog, NewChunk } from './logs/build-log.ts';
import { compress } from './logs/compression.ts';
import type { LogFiles } from './logs/log-files.ts';
import type { LogIndex } from './logs/log-index.ts';
import { inPortions } from './reading.ts';
import type { Tables } from './tables.ts';
import { finishBuild } from './verbs/builds.ts';
import { ackedSeq, advanceSession, sessionEnded } from './verbs/commands.ts';
import { countAppend, finishLog, growLogs } from './verbs/steps.ts';
import type { Verb, WriteQueue } from './write-queue.ts';

type LogEffect = Extract<WorkerEffect, { kind: 'log' }>;

/** An open log of a running build. */
interface OpenLog {
  logId: number;
  buildId: number;
  /** Bytes of the build's file that count. */
  logBytes: number;
}

export interface LogWriterDeps {
  reader: Kysely<Tables>;
  queue: WriteQueue;
  files: LogFiles;
  logger: Logger;
  failPoint: FailPoint;
}

export class LogWriter {
  readonly #deps: LogWriterDeps;
  /** One worker's messages are made durable one batch after the other. */
  readonly #workers = new Map<number, Promise<unknown>>();

  constructor(deps: LogWriterDeps) {
    this.#deps = deps;
  }

  async commitWorkerEffects(workerId: number, bootId: string, effects: WorkerEffect[]): Promise<void> {
    const before = this.#workers.get(workerId);
    const work = (async () => {
      await before?.catch(() => {});
      await this.#commitFresh(workerId, bootId, effects);
    })();
    this.#workers.set(workerId, work);
    try {
      await work;
    } finally {
      if (this.#workers.get(workerId) === work) this.#workers.delete(workerId);
    }
  }

  async #commitFresh(workerId: number, bootId: string, effects: WorkerEffect[]): Promise<void> {
    const acked = await ackedSeq(this.#deps.reader, workerId, bootId);
    if (acked === null) throw sessionEnded();
    const fresh = effects.filter(({ seq }) => seq > acked);
    const newest = fresh.at(-1);
    if (newest === undefined) return;
    const logs = fresh.filter((effect) => effect.kind === 'log');
    const session = { workerId, bootId, seq: newest.seq };
    const buildIds = logs.map(({ buildId }) => buildId);
    await this.#deps.files.exclusiveAll(buildIds, async (files) => {
      const written = await this.#appendAll(files, logs);
      await this.#count('commitWorkerEffects', written, (context) => advanceSession(context, session, fresh));
    });
  }

  /** Append the chunks of logs that are still open, each build's to its file, all files at once. */
  async #appendAll(files: Map<number, BuildLog>, effects: LogEffect[]): Promise<Written[]> {
    const open = await this.#openLogs([...new Set(effects.map(({ logId }) => logId))]);
    const live = effects.filter(({ logId, buildId }) => open.get(logId)?.buildId === buildId);
    const byBuild = [...Map.groupBy(live, ({ buildId }) => buildId)];
    return await Promise.all(
      byBuild.map(async ([buildId, group]) => {
        const { logBytes } = open.get(group[0]?.logId ?? 0) as OpenLog;
        const chunks = group.map(({ logId, frame, payload }) => ({ logId, ...frame, payload }));
        return await this.#append(files.get(buildId) as BuildLog, { buildId, logBytes, chunks });
      }),
    );
  }

  async #append(
    file: BuildLog,
    input: { buildId: number; logBytes: number; chunks: NewChunk[] },
  ): Promise<Written> {
    try {
      return { buildId: input.buildId, file, appended: await file.append(input.logBytes, input.chunks) };
    } catch (error) {
      const hint = 'free space; workers keep what was not taken';
      throw failedWrite(error, {
        source: 'log files',
        hint,
        fail: (failed) => this.#deps.queue.fail(failed),
      });
    }
  }

  /** Make written chunks count in one transaction with what `verb` does. */
  async #count<T>(name: string, written: Written[], verb: Verb<T>): Promise<T> {
    return await this.#run(name, async (context) => {
      for (const { buildId, appended } of written) {
        await growLogs(context, { buildId, logBytes: appended.length, logs: growthOf(appended) });
      }
      const value = await verb(context);
      context.afterCommit(() => {
        for (const { file, appended } of written) file.publish(appended);
      });
      return value;
    });
  }

  async #run<T>(name: string, verb: Verb<T>): Promise<T> {
    return await this.#deps.queue.run(marked(this.#deps.failPoint, name, verb));
  }

  /** Which of these logs may still grow. Two plain look-ups: joined, SQLite begins at the wrong table. */
  async #openLogs(logIds: number[]): Promise<Map<number, OpenLog>> {
    const { reader } = this.#deps;
    const logs = await inPortions(logIds, (portion) =>
      reader
        .selectFrom('logs')
        .select(['logId', 'buildId', 'complete'])
        .where('logId', 'in', portion)
        .execute(),
    );
    const buildIds = [...new Set(logs.map(({ buildId }) => buildId))];
    const builds = await inPortions(buildIds, (portion) =>
      reader
        .selectFrom('builds')
        .select(['buildId', 'completeAt', 'logBytes'])
        .where('buildId', 'in', portion)
        .execute(),
    );
    const running = new Map(
      builds.filter((build) => build.completeAt === null).map((build) => [build.buildId, build]),
    );
    const open = new Map<number, OpenLog>();
    for (const { logId, buildId, complete } of logs) {
      const build = running.get(buildId);
      if (complete === 0 && build !== undefined)
        open.set(logId, { logId, buildId, logBytes: build.logBytes });
    }
    return open;
  }

  async appendLog(logId: number, stream: 'o' | 'e' | 'h', bytes: Uint8Array): Promise<boolean> {
    return await this.#withOpenLog(logId, async (file, { buildId, logBytes }) => {
      if (bytes.length === 0) return true;
      const chunks: NewChunk[] = [];
      for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
        chunks.push(await ownChunk(logId, stream, bytes.subarray(from, from + CHUNK_BYTES)));
      }
      const written = await this.#append(file, { buildId, logBytes, chunks });
      return await this.#count('appendLog', [written], async (context) => {
        await countAppend(context, logId);
        return true;
      });
    });
  }

  async finishLog(logId: number): Promise<boolean> {
    return await this.#withOpenLog(logId, async (file, { logBytes }) => {
      const lines = await this.#finalLines(file, await file.index(logBytes), logId);
      return await this.#run('finishLog', (context) => finishLog(context, logId, lines));
    });
  }

  /** Run `work` alone with the file of a log that may still grow; `false` when it may not. */
  async #withOpenLog(
    logId: number,
    work: (file: BuildLog, log: OpenLog) => Promise<boolean>,
  ): Promise<boolean> {
    const logs = this.#deps.reader.selectFrom('logs').select('buildId').where('logId', '=', logId);
    const found = await logs.executeTakeFirst();
    if (found === undefined) return false;
    return await this.#deps.files.exclusive(found.buildId, async (file) => {
      const log = (await this.#openLogs([logId])).get(logId);
      return log === undefined ? false : await work(file, log);
    });
  }

  async finishBuild(input: Parameters<Store['finishBuild']>[0]): Promise<boolean> {
    const { buildId } = input;
    return await this.#deps.files.exclusive(buildId, async (file) => {
      const { logBytes, logIds } = await this.#leftOpen(buildId);
      const index = await file.index(logBytes);
      const lines = new Map<number, number>();
      for (const logId of logIds) lines.set(logId, await this.#finalLines(file, index, logId));
      const isFirst = await this.#run('finishBuild', (context) => finishBuild(context, input, lines));
      if (isFirst) await this.#seal(file, buildId, logBytes);
      return isFirst;
    });
  }

  async #leftOpen(buildId: number): Promise<{ logBytes: number; logIds: number[] }> {
    const { reader } = this.#deps;
    const build = await reader
      .selectFrom('builds')
      .select('logBytes')
      .where('buildId', '=', buildId)
      .executeTakeFirst();
    const logs = reader
      .selectFrom('logs')
      .select('logId')
      .where('buildId', '=', buildId)
      .where('complete', '=', 0);
    return { logBytes: build?.logBytes ?? 0, logIds: (await logs.execute()).map(({ logId }) => logId) };
  }

  /** The side file only saves time, so a build does not fail for it. */
  async #seal(file: BuildLog, buildId: number, logBytes: number): Promise<void> {
    try {
      await file.seal(logBytes);
    } catch (error) {
      this.#deps.logger.warn(
        { err: error, buildId },
        'no index was written for the logs of a finished build',
      );
    }
  }

  /** Lines of a closed log: complete ones plus an unfinished last one, which only its last byte tells. */
  async #finalLines(file: BuildLog, index: LogIndex, logId: number): Promise<number> {
    const last = index.chunks(logId).at(-1);
    if (last === undefined) return 0;
    const { newlines } = index.end(logId);
    try {
      const { bytes } = await file.content(last);
      return bytes.at(-1) === LINE_FEED ? newlines : newlines + 1;
    } catch (error) {
      this.#deps.logger.error({ err: error, logId }, 'the end of a log cannot be read');
      return newlines;
    }
  }
}

const LINE_FEED = 10;

interface Written {
  buildId: number;
  file: BuildLog;
  appended: Appended;
}

/** How far each log has come with what was appended. */
function growthOf(appended: Appended) {
  const ends = new Map<number, { logId: number; bytes: number; lines: number }>();
  for (const { logId, chunk } of appended.chunks) {
    const bytes = chunk.rawOffset + chunk.rawLength;
    ends.set(logId, { logId, bytes, lines: chunk.firstLine + chunk.newlines });
  }
  return [...ends.values()];
}

async function ownChunk(logId: number, stream: 'o' | 'e' | 'h', raw: Uint8Array): Promise<NewChunk> {
  let newlines = 0;
  for (const byte of raw) if (byte === LINE_FEED) newlines++;
  return { logId, length: raw.length, newlines, runs: [[stream, raw.length]], payload: await compress(raw) };
}
