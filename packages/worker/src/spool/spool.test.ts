import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { Spool } from './spool.ts';

const folders: string[] = [];

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'spool-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const text = (spool: Spool, seq: number) => Buffer.from(spool.after(seq)?.bytes ?? []).toString();

test('gives back in order what it took, from memory and from disk, as often as asked', () => {
  const spool = new Spool({ folder: newFolder(), limitBytes: 4000, memoryBytes: 100 });
  for (let index = 1; index <= 50; index++)
    spool.append(index % 2 === 0, (seq) => Buffer.from(`message ${seq}`));
  for (const from of [0, 0, 30, 49, 7]) expect(text(spool, from)).toBe(`message ${from + 1}`);
  expect(spool.after(1)?.binary).toBe(true);
  expect(spool.after(50)).toBeNull();
});

test('files of acknowledged messages leave the disk, and room comes back', async () => {
  const folder = newFolder();
  const spool = new Spool({ folder, limitBytes: 8000, memoryBytes: 100 });
  while (spool.hasRoom) spool.append(true, () => Buffer.alloc(500));
  const waiting = spool.whenRoom();
  const filesWhenFull = readdirSync(folder).length;
  spool.ack(spool.lastSeq - 1);
  await waiting;
  expect(readdirSync(folder).length).toBeLessThan(filesWhenFull);
  expect(spool.after(spool.lastSeq - 1)?.bytes.length).toBe(500);
});

test('what an earlier process left in the folder is removed', () => {
  const folder = newFolder();
  writeFileSync(join(folder, '1.spool'), 'old');
  const spool = new Spool({ folder, limitBytes: 1000 });
  expect(readdirSync(folder)).toEqual(['reserve']);
  expect(spool.after(0)).toBeNull();
});

test('a disk that refuses costs nothing: messages wait in memory until acknowledged or until it takes them', () => {
  const folder = newFolder();
  const troubles: (string | null)[] = [];
  const spool = new Spool({
    folder,
    limitBytes: 1_000_000,
    memoryBytes: 1000,
    onDiskTrouble: (reason) => troubles.push(reason),
  });
  rmSync(folder, { recursive: true });
  for (let index = 0; index < 10; index++) spool.append(true, (seq) => Buffer.alloc(200, seq));
  expect(spool.hasRoom).toBe(false);
  spool.ack(7);
  expect(spool.hasRoom).toBe(true);
  expect(spool.after(7)?.bytes[0]).toBe(8);
  new Spool({ folder, limitBytes: 1 }).discard();
  spool.save();
  expect(existsSync(join(folder, '8.spool'))).toBe(true);
  expect(troubles).toEqual([expect.stringContaining('ENOENT'), null]);
  for (let index = 0; index < 20; index++) spool.append(true, (seq) => Buffer.alloc(200, seq));
  for (let seq = 7; seq < 30; seq++) expect(spool.after(seq)?.bytes[0]).toBe(seq + 1);
});

test('any order of appending, reading and acknowledging keeps every unacknowledged message', () => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 0, max: 300 }) }),
    fc.record({ ackPart: fc.double({ min: 0, max: 1, noNaN: true }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const spool = new Spool({ folder: newFolder(), limitBytes: 2000, memoryBytes: 300 });
      const sizes: number[] = [];
      for (const action of steps) {
        if ('append' in action) {
          sizes.push(action.append);
          spool.append(true, (seq) => Buffer.alloc(action.append, seq));
        } else {
          spool.ack(spool.ackedSeq + Math.floor((spool.lastSeq - spool.ackedSeq) * action.ackPart));
        }
        for (let seq = spool.ackedSeq; seq < spool.lastSeq; seq++) {
          const message = spool.after(seq);
          expect(message?.seq).toBe(seq + 1);
          expect(message?.bytes.length).toBe(sizes[seq]);
          expect(message?.bytes.every((byte) => byte === ((seq + 1) & 255))).toBe(true);
        }
      }
      spool.discard();
    }),
    { numRuns: 60 },
  );
});
