/**
 * The format of log files, version 1; numbers are big endian.
 *
 *     file    "BBLG" · u32 version · record*
 *     record  u32 length of head · u32 CRC-32 of head · head · payload
 *     head    u8 type (1) · u64 log id · u32 raw length · u32 newlines · u64 first line · u64 raw offset
 *             · u32 payload length · u32 CRC-32 of payload · u32 number of runs · (u8 stream · u32 raw length)*
 *
 * The payload is one zstd frame exactly as the worker sent it. `first line` counts the line breaks that came before
 * in this log, `raw offset` the bytes. The head has a checksum of its own, so that an index can be made again from
 * the heads alone, without reading the payloads.
 */
import { crc32 } from 'node:zlib';
import type { LogFrame } from '@buildbot/shared';

export type Runs = LogFrame['runs'];

/** What a record says of its chunk. */
export interface RecordHead {
  logId: number;
  rawLength: number;
  newlines: number;
  firstLine: number;
  rawOffset: number;
  payloadLength: number;
  payloadCrc: number;
  runs: Runs;
}

/** A head found in a file. */
export interface FoundHead extends RecordHead {
  /** Bytes from the begin of the record to its payload. */
  size: number;
}

const MAGIC = 'BBLG';
const VERSION = 1;
const CHUNK = 1;
const PREFIX_BYTES = 8;
const FIXED_BYTES = 45;
const RUN_BYTES = 5;
/** No head is longer: runs of a chunk are bounded by its 256 KiB, and by the frame that brought them. */
export const MAX_HEAD_BYTES = PREFIX_BYTES + FIXED_BYTES + RUN_BYTES * 262_144;

/** First bytes of every log file. */
export const FILE_HEADER: Buffer = Buffer.concat([
  Buffer.from(MAGIC, 'latin1'),
  Buffer.from([0, 0, 0, VERSION]),
]);

/** Everything of a record but its payload. */
export function encodeHead(head: RecordHead): Buffer {
  const length = FIXED_BYTES + RUN_BYTES * head.runs.length;
  const buffer = Buffer.allocUnsafe(PREFIX_BYTES + length);
  let at = buffer.writeUInt32BE(length, 0) + 4;
  at = buffer.writeUInt8(CHUNK, at);
  at = buffer.writeBigUInt64BE(BigInt(head.logId), at);
  at = buffer.writeUInt32BE(head.rawLength, at);
  at = buffer.writeUInt32BE(head.newlines, at);
  at = buffer.writeBigUInt64BE(BigInt(head.firstLine), at);
  at = buffer.writeBigUInt64BE(BigInt(head.rawOffset), at);
  at = buffer.writeUInt32BE(head.payloadLength, at);
  at = buffer.writeUInt32BE(head.payloadCrc, at);
  at = buffer.writeUInt32BE(head.runs.length, at);
  for (const [stream, bytes] of head.runs) {
    at = buffer.writeUInt8(stream.charCodeAt(0), at);
    at = buffer.writeUInt32BE(bytes, at);
  }
  buffer.writeUInt32BE(crc32(buffer.subarray(PREFIX_BYTES)), 4);
  return buffer;
}

/** How many bytes a head at the begin of `bytes` takes, `null` when they are too few to say, or no head. */
export function headSize(bytes: Buffer): number | null {
  if (bytes.length < PREFIX_BYTES) return null;
  const size = PREFIX_BYTES + bytes.readUInt32BE(0);
  return size < PREFIX_BYTES + FIXED_BYTES || size > MAX_HEAD_BYTES ? null : size;
}

/** The head at the begin of `bytes`; `null` when it is not whole or not what was written. */
export function decodeHead(bytes: Buffer): FoundHead | null {
  const size = headSize(bytes);
  if (size === null || bytes.length < size) return null;
  if (crc32(bytes.subarray(PREFIX_BYTES, size)) !== bytes.readUInt32BE(4)) return null;
  if (
    bytes.readUInt8(8) !== CHUNK ||
    size !== PREFIX_BYTES + FIXED_BYTES + RUN_BYTES * bytes.readUInt32BE(49)
  ) {
    return null;
  }
  return {
    size,
    logId: Number(bytes.readBigUInt64BE(9)),
    rawLength: bytes.readUInt32BE(17),
    newlines: bytes.readUInt32BE(21),
    firstLine: Number(bytes.readBigUInt64BE(25)),
    rawOffset: Number(bytes.readBigUInt64BE(33)),
    payloadLength: bytes.readUInt32BE(41),
    payloadCrc: bytes.readUInt32BE(45),
    runs: decodeRuns(bytes.subarray(53, size)),
  };
}

function decodeRuns(bytes: Buffer): Runs {
  const runs: Runs = [];
  for (let at = 0; at < bytes.length; at += RUN_BYTES) {
    runs.push([String.fromCharCode(bytes.readUInt8(at)) as Runs[number][0], bytes.readUInt32BE(at + 1)]);
  }
  return runs;
}
