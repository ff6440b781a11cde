import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeHead, encodeHead, headSize, MAX_HEAD_BYTES, type RecordHead } from './record.ts';

const u32 = fc.nat(0xffff_ffff);
const u53 = fc.maxSafeNat();
const head: fc.Arbitrary<RecordHead> = fc.record({
  logId: u53,
  rawLength: u32,
  newlines: u32,
  firstLine: u53,
  rawOffset: u53,
  payloadLength: u32,
  payloadCrc: u32,
  runs: fc.array(fc.tuple(fc.constantFrom('o' as const, 'e' as const, 'h' as const), u32), { maxLength: 20 }),
});

describe('the head of a log record', () => {
  test('is read as it was written, whatever follows it', () => {
    fc.assert(
      fc.property(head, fc.uint8Array(), (written, rest) => {
        const bytes = encodeHead(written);
        expect(decodeHead(Buffer.concat([bytes, rest]))).toEqual({ ...written, size: bytes.length });
      }),
    );
  });

  test('is nothing when a byte of it is missing or another', () => {
    fc.assert(
      fc.property(head, fc.nat(), fc.integer({ min: 1, max: 255 }), (written, position, change) => {
        const bytes = encodeHead(written);
        const at = position % bytes.length;
        expect(decodeHead(bytes.subarray(0, at))).toBeNull();
        bytes.writeUInt8((bytes.readUInt8(at) ^ change) & 0xff, at);
        expect(decodeHead(bytes)).toBeNull();
      }),
    );
  });

  test('is never found in arbitrary bytes, and none is longer than the bound', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodeHead(Buffer.from(bytes))).toBeNull();
        expect(headSize(Buffer.from(bytes)) ?? 0).toBeLessThanOrEqual(MAX_HEAD_BYTES);
      }),
    );
  });
});
