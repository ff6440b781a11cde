import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStat, readEntry } from './proc-table.ts';

test('a name with spaces, parentheses and line breaks does not shift the fields', () => {
  const text = '42 (a) S 1 (\n) R 7 42 40 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 98765 1 2 3';
  expect(parseStat(text)).toEqual({
    pid: 42,
    parent: 7,
    group: 42,
    session: 40,
    start: 98765,
    isZombie: false,
  });
});

test('this process is found, one that is not there is not', () => {
  expect(readEntry(process.pid)).toMatchObject({ pid: process.pid, parent: process.ppid, isZombie: false });
  expect(readEntry(2 ** 30)).toBeNull();
});

test('no text makes the reader throw', () => {
  fc.assert(fc.property(fc.string(), (text) => void parseStat(text)));
});
