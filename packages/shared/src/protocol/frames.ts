/**
 * Binary frames of the worker protocol: length of the header (32 bits, big endian), header as UTF-8 JSON, payload.
 * The payload is never copied or looked at on the way.
 */
import { messageOf } from '../errors.ts';

const MAX_HEADER_BYTES = 64 * 1024;

/** One binary frame as the two pieces to be sent one after the other in one message. */
export function encodeFrame(header: object, payload: Uint8Array): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header));
  const frame = new Uint8Array(4 + text.length + payload.length);
  new DataView(frame.buffer).setUint32(0, text.length);
  frame.set(text, 4);
  frame.set(payload, 4 + text.length);
  return frame;
}

export type DecodedFrame = { ok: true; header: unknown; payload: Uint8Array } | { ok: false; reason: string };

/** The header (not validated yet) and a view of the payload; never throws. */
export function decodeFrame(frame: Uint8Array): DecodedFrame {
  if (frame.length < 4) return { ok: false, reason: `a binary frame of ${frame.length} bytes has no header` };
  const length = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0);
  if (length > MAX_HEADER_BYTES || 4 + length > frame.length) {
    return { ok: false, reason: `header length ${length} does not fit a frame of ${frame.length} bytes` };
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(frame.subarray(4, 4 + length));
    return { ok: true, header: JSON.parse(text), payload: frame.subarray(4 + length) };
  } catch (error) {
    return { ok: false, reason: `header is not JSON: ${messageOf(error)}` };
  }
}
