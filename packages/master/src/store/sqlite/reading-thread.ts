/**
 * The thread of `ThreadReader`: statements come in one at a time, rows go out in portions, each when the last was
 * taken. It loads the database driver and nothing else, which keeps it small.
 */
import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import type { Reply, Request } from './thread-reader.ts';

/** Rows per message: what the main thread takes over in a millisecond. */
const PORTION = 200;

const db = new Database(workerData as string, { readonly: true, fileMustExist: true, timeout: 5000 });
db.pragma('query_only = ON');
// Whole tables pass by: nothing is worth keeping. It also bounds the memory of a sort. KiB.
db.pragma('cache_size = -2000');

let reading: Iterator<unknown> | null = null;

function portion(): Reply {
  const rows: unknown[] = [];
  while (rows.length < PORTION) {
    const next = reading?.next();
    if (next === undefined || next.done) return { rows, isLast: true };
    rows.push(next.value);
  }
  return { rows, isLast: false };
}

function answer(request: Request): Reply {
  try {
    if (request !== 'more') reading = db.prepare(request.sql).iterate(...request.parameters);
    return portion();
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: Request) => parentPort?.postMessage(answer(request)));
