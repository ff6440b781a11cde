/**
 * Logs as they are read: raw bytes from any offset, or lines for the `contents` view. Chunks are unpacked one at a
 * time; what is kept in memory does not grow with the log.
 */
import { CHUNK_BYTES, type Log } from '@buildbot/shared';
import type { Kysely } from 'kysely';
import type { BuildLog, ChunkContent } from './logs/build-log.ts';
import { LineView } from './logs/line-view.ts';
import type { LogFiles } from './logs/log-files.ts';
import type { Chunk, LogIndex } from './logs/log-index.ts';
import { toLog } from './rows.ts';
import type { Tables } from './tables.ts';

interface FoundLog {
  log: Log;
  /** Bytes of the build's file that count. */
  logBytes: number;
}

export class LogReader {
  readonly #reader: Kysely<Tables>;
  readonly #files: LogFiles;

  constructor(reader: Kysely<Tables>, files: LogFiles) {
    this.#reader = reader;
    this.#files = files;
  }

  async log(logId: number): Promise<Log | null> {
    return (await this.#find(logId))?.log ?? null;
  }

  async #find(logId: number): Promise<FoundLog | null> {
    const row = await this.#reader
      .selectFrom('logs')
      .innerJoin('builds', 'builds.buildId', 'logs.buildId')
      .selectAll('logs')
      .select('builds.logBytes')
      .where('logs.logId', '=', logId)
      .executeTakeFirst();
    return row === undefined ? null : { log: toLog(row), logBytes: row.logBytes };
  }

  /**
   * Chunks of a log from the one at `start` on, as far as the log's row counts them. One chunk is unpacked ahead, while
   * the reader's side is busy with the one before.
   */
  async *#chunks(found: FoundLog, start: (index: LogIndex) => number): AsyncGenerator<Part> {
    const { log, logBytes } = found;
    const file = this.#files.hold(log.buildId);
    let ahead: Promise<Part> | undefined;
    try {
      const index = await file.index(logBytes);
      const counted = index
        .chunks(log.logId)
        .slice(start(index))
        .filter(({ rawOffset }) => rawOffset < log.bytes);
      ahead = unpack(file, counted[0]);
      for (const next of [...counted.slice(1), undefined]) {
        const part = await ahead;
        ahead = unpack(file, next);
        if (part !== undefined) yield part;
      }
    } finally {
      await ahead?.catch(() => {});
      await this.#files.letGo(file);
    }
  }

  async *readLog(logId: number, offset: number): AsyncGenerator<Uint8Array> {
    const found = await this.#find(logId);
    if (found === null || offset >= found.log.bytes) return;
    for await (const { bytes, rawOffset } of this.#chunks(found, (index) =>
      index.chunkAtByte(logId, offset),
    )) {
      const wanted = bytes.subarray(Math.max(0, offset - rawOffset));
      for (let from = 0; from < wanted.length; from += CHUNK_BYTES)
        yield wanted.subarray(from, from + CHUNK_BYTES);
    }
  }

  async readLogLines(logId: number, first: number, count: number | null): Promise<string> {
    const found = await this.#find(logId);
    if (found === null || count === 0 || first >= found.log.lines) return '';
    const { log } = found;
    const view = new LineView({ first, count, withStreams: log.type === 's' });
    for await (const part of this.#chunks(found, (index) => index.chunkAtLine(logId, first))) {
      if (!view.add(part)) return view.text();
    }
    return view.text({ withUnfinished: log.complete });
  }
}

function unpack(file: BuildLog, chunk: Chunk | undefined): Promise<Part> | undefined {
  if (chunk === undefined) return undefined;
  const { rawOffset, firstLine } = chunk;
  const part = file.content(chunk).then((content) => ({ ...content, rawOffset, firstLine }));
  // Whoever awaits it hears of a failure; until then it is nobody's unhandled one.
  part.catch(() => {});
  return part;
}

interface Part extends ChunkContent {
  rawOffset: number;
  firstLine: number;
}
