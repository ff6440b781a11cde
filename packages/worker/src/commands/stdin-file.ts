/** The bytes of a command's standard input: fetched from the master into a file, and checked before anything starts. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type BlobRef, CHUNK_BYTES, type CommandKey } from '@buildbot/shared';

/** One piece of a blob from the master, at any time and over any connection; rejects when the signal aborts. */
export type FetchPiece = (
  request: { key: CommandKey; blob: string; offset: number; length: number },
  signal: AbortSignal,
) => Promise<Uint8Array>;

/** Pieces asked for at once, so that a large patch over a far link does not cost a round trip for each. */
const PARALLEL = 8;

export interface StdinInput {
  key: CommandKey;
  ref: BlobRef;
  folder: string;
  fetchPiece: FetchPiece;
  signal: AbortSignal;
}

export type StdinResult = { path: string } | { problem: string };

async function fetchInto(file: FileHandle, { key, ref, fetchPiece, signal }: StdinInput): Promise<boolean> {
  let next = 0;
  let isWhole = true;
  const fetchSome = async () => {
    while (next < ref.size && isWhole) {
      const offset = next;
      const length = Math.min(CHUNK_BYTES, ref.size - offset);
      next += length;
      const bytes = await fetchPiece({ key, blob: ref.blob, offset, length }, signal);
      if (bytes.length === length) await file.write(bytes, 0, length, offset);
      else isWhole = false;
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, fetchSome));
  return isWhole;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The file that holds the blob, to be removed by the caller; or why the master's copy is not what it should be. */
export async function fetchStdin(input: StdinInput): Promise<StdinResult> {
  const path = join(input.folder, `${input.key}.stdin`);
  const file = await open(path, 'w', 0o600);
  let isWhole: boolean;
  try {
    isWhole = await fetchInto(file, input);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  const isRight = isWhole && (await sha256Of(path)) === input.ref.sha256;
  if (isRight) return { path };
  await rm(path, { force: true });
  const what = isWhole ? 'has another checksum than it should' : 'is shorter than it should be';
  return { problem: `the input '${input.ref.blob}' ${what}` };
}
