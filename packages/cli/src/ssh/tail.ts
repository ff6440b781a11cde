/** The end of what a program said, for the message that explains why it failed. */

import type { Readable } from 'node:stream';

const KEPT_BYTES = 4096;

/** Reads `stream` to its end and keeps the last 4 KiB. Call the result for the text so far. */
export function keepTail(stream: Readable): () => string {
  let kept: Buffer = Buffer.alloc(0);
  stream.on('data', (chunk: Buffer) => {
    kept = Buffer.concat([kept, chunk]).subarray(-KEPT_BYTES);
  });
  stream.on('error', () => {});
  return () => kept.toString().trim();
}
