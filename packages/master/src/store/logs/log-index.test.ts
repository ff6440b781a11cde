import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeIndex, encodeIndex, LogIndex, scanIndex } from './log-index.ts';
import { encodeHead, FILE_HEADER } from './record.ts';

/** Chunks of a few logs as `[log id, raw length, newlines, payload length, runs]`. */
const chunks = fc.array(
  fc.record({
    logId: fc.integer({ min: 1, max: 3 }),
    rawLength: fc.integer({ min: 1, max: 9 }),
    newlines: fc.nat(3),
    payloadLength: fc.nat(40),
    runCount: fc.integer({ min: 1, max: 3 }),
  }),
  { maxLength: 30 },
);

/** A file with these chunks and the index that its writer has. */
function fileOf(plan: typeof chunks extends fc.Arbitrary<infer T> ? T : never): {
  file: Buffer;
  index: LogIndex;
} {
  const index = new LogIndex();
  const pieces: Buffer[] = [FILE_HEADER];
  for (const { logId, rawLength, newlines, payloadLength, runCount } of plan) {
    const end = index.end(logId);
    const place = { rawOffset: end.bytes, rawLength, firstLine: end.newlines, newlines };
    const runs = Array.from({ length: runCount }, () => ['o', 1] as ['o', number]);
    const head = encodeHead({ logId, ...place, payloadLength, payloadCrc: 0, runs });
    pieces.push(head, Buffer.alloc(payloadLength, 0xaa));
    index.add(logId, { at: index.length, size: head.length + payloadLength, ...place });
  }
  return { file: Buffer.concat(pieces), index };
}

const reading = (file: Buffer) => async (position: number, length: number) =>
  file.subarray(position, position + length);
const contents = (index: LogIndex) => [1, 2, 3].map((logId) => index.chunks(logId));

describe('the index of a log file', () => {
  test('is made again from the heads of the records', async () => {
    await fc.assert(
      fc.asyncProperty(chunks, async (plan) => {
        const { file, index } = fileOf(plan);
        const found = await scanIndex(reading(file), file.length);
        expect(contents(found)).toEqual(contents(index));
        expect(found.length).toBe(file.length);
      }),
    );
  });

  test('row 21: ends with the last whole record, wherever the file is cut', async () => {
    const { file, index } = fileOf([
      { logId: 1, rawLength: 5, newlines: 1, payloadLength: 20, runCount: 1 },
      { logId: 1, rawLength: 5, newlines: 1, payloadLength: 20, runCount: 2 },
    ]);
    const [first] = index.chunks(1);
    const whole = FILE_HEADER.length + (first?.size ?? 0);
    for (let length = whole; length < file.length; length++) {
      const found = await scanIndex(reading(file.subarray(0, length)), length);
      expect(found.length).toBe(whole);
    }
  });

  test('stops before a head with a wrong byte, and takes no other file for a log', async () => {
    const { file } = fileOf([{ logId: 1, rawLength: 5, newlines: 0, payloadLength: 9, runCount: 1 }]);
    file.writeUInt8(file.readUInt8(20) ^ 1, 20);
    expect((await scanIndex(reading(file), file.length)).length).toBe(FILE_HEADER.length);
    file.write('NOPE');
    expect((await scanIndex(reading(file), file.length)).length).toBe(0);
  });

  test('finds a head that is larger than what is read at once', async () => {
    const { file, index } = fileOf([
      { logId: 1, rawLength: 30_000, newlines: 0, payloadLength: 9, runCount: 30_000 },
    ]);
    expect((await scanIndex(reading(file), file.length)).length).toBe(index.length);
  });

  test('comes back from its side file, and only whole and for the same file', () => {
    fc.assert(
      fc.property(chunks, fc.nat(), (plan, position) => {
        const { index } = fileOf(plan);
        const bytes = encodeIndex(index);
        const found = decodeIndex(bytes, index.length);
        expect(found && contents(found)).toEqual(contents(index));
        expect(decodeIndex(bytes, index.length + 1)).toBeNull();
        expect(decodeIndex(bytes.subarray(0, position % bytes.length), index.length)).toBeNull();
        const at = 16 + (position % (bytes.length - 16));
        bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
        expect(decodeIndex(bytes, index.length)).toBeNull();
      }),
    );
  });

  test('knows in which chunk a byte is and a line begins', () => {
    fc.assert(
      fc.property(chunks, fc.nat(60), (plan, wanted) => {
        const { index } = fileOf(plan);
        const all = index.chunks(1);
        const byByte = all.findIndex(({ rawOffset, rawLength }) => wanted < rawOffset + rawLength);
        expect(index.chunkAtByte(1, wanted)).toBe(byByte < 0 ? all.length : byByte);
        const byLine =
          wanted === 0 ? 0 : all.findIndex((chunk) => wanted <= chunk.firstLine + chunk.newlines);
        expect(index.chunkAtLine(1, wanted)).toBe(byLine < 0 ? all.length : byLine);
      }),
    );
  });
});
