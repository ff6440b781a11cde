/**
 * A look at the outside of a zstd frame (RFC 8878, section 3.1.1), without unpacking it. The master stores a worker's
 * chunks as they come; this lets it refuse what is not one whole frame of the size the worker claims, so that no reader
 * ever meets a bomb or a torn chunk.
 */

const MAGIC = 0xfd2fb528;
const CHECKSUM_BYTES = 4;
const BLOCK_HEADER_BYTES = 3;
const RLE_BLOCK = 1;
const RESERVED_BLOCK = 3;

interface Header {
  headerBytes: number;
  contentSize: number | null;
  hasChecksum: boolean;
}

function readHeader(view: DataView): Header | null {
  if (view.byteLength < 6 || view.getUint32(0, true) !== MAGIC) return null;
  const descriptor = view.getUint8(4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0;
  const sizeFlag = descriptor >> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingleSegment ? 1 : 0) : 1 << sizeFlag;
  const sizeAt = 5 + (isSingleSegment ? 0 : 1) + dictionaryBytes;
  if (view.byteLength < sizeAt + sizeBytes) return null;
  return {
    headerBytes: sizeAt + sizeBytes,
    contentSize: readSize(view, sizeAt, sizeBytes),
    hasChecksum: (descriptor & 4) !== 0,
  };
}

function readSize(view: DataView, at: number, bytes: number): number | null {
  if (bytes === 1) return view.getUint8(at);
  // The two-byte form has 256 taken off: smaller sizes fit into one byte.
  if (bytes === 2) return view.getUint16(at, true) + 256;
  if (bytes === 4) return view.getUint32(at, true);
  if (bytes === 8) return Number(view.getBigUint64(at, true));
  return null;
}

/** Where the frame ends, or `null` when its blocks do not fit. */
function endOfBlocks(view: DataView, start: number): number | null {
  let at = start;
  while (at + BLOCK_HEADER_BYTES <= view.byteLength) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const type = (header >> 1) & 3;
    if (type === RESERVED_BLOCK) return null;
    at += BLOCK_HEADER_BYTES + (type === RLE_BLOCK ? 1 : header >> 3);
    if ((header & 1) === 1) return at;
  }
  return null;
}

/** Why `bytes` are not exactly one zstd frame that says it holds `length` raw bytes; `null` when they are. */
export function zstdFrameProblem(bytes: Uint8Array, length: number): string | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(view);
  if (header === null) return 'the payload is not a zstd frame';
  if (header.contentSize !== length)
    return `the payload holds ${header.contentSize ?? 'unknown'} bytes, not ${length}`;
  const end = endOfBlocks(view, header.headerBytes);
  if (end === null || end + (header.hasChecksum ? CHECKSUM_BYTES : 0) !== bytes.length) {
    return 'the payload is not one whole zstd frame';
  }
  return null;
}
