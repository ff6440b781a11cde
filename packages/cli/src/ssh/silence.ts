/**
 * Notices a dead connection. The far side answers a ping every interval, so something is heard on every living link,
 * and any traffic counts: a slow transfer is not silence. Silent intervals are counted instead of measuring time since
 * the last byte, so that a client that was stopped for an hour (Ctrl-Z, a closed lid) does not wake up and hang up.
 */

import type { Duplex } from 'node:stream';

const SILENT_INTERVALS = 4;

/** Calls `onSilent` once nothing was heard for three to four intervals. Ends with the stream. */
export function watchSilence(stream: Duplex, intervalMs: number, onSilent: () => void): void {
  let silent = 0;
  const heard = () => {
    silent = 0;
  };
  const timer = setInterval(() => {
    silent += 1;
    if (silent >= SILENT_INTERVALS) onSilent();
  }, intervalMs);
  // The connection itself keeps the process alive as long as it is needed.
  timer.unref();
  stream.on('data', heard);
  stream.once('close', () => clearInterval(timer));
}
