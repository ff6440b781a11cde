import { describe, expect, test } from 'vitest';
import { parseBinary, splitOutput, tooLarge } from './difference.ts';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

describe('the output of diff-tree', () => {
  test('is the list of changes, then the patch', () => {
    const records = [
      `:100644 100755 ${A} ${B} M`,
      'odd\nname',
      `:100644 100644 ${A} ${A} R100`,
      'old',
      'new',
      `:160000 000000 ${A} ${'0'.repeat(40)} D`,
      'sub',
      '',
      '',
    ];
    const patch = Buffer.from('diff --git a/x b/x\n\0:100644 binary\n');
    const { changes, patch: found } = splitOutput(
      Buffer.concat([Buffer.from(records.join('\0').slice(0, -1)), Buffer.from('\0'), patch]),
    );
    expect(changes).toEqual([
      { path: 'odd\nname', from: null, letter: 'M', mode: '100755', id: B },
      { path: 'new', from: 'old', letter: 'R', mode: '100644', id: A },
      { path: 'sub', from: null, letter: 'D', mode: '000000', id: '0'.repeat(40) },
    ]);
    expect(found).toEqual(patch);
  });

  test('may end anywhere, when it grew too long', () => {
    const whole = Buffer.from(`:100644 100644 ${A} ${A} R100\0old\0new\0\0diff`);
    for (let length = 0; length <= whole.length; length += 1) {
      expect(splitOutput(whole.subarray(0, length)).changes.length).toBeLessThan(2);
    }
  });

  test('is empty when nothing differs', () => {
    expect(splitOutput(Buffer.alloc(0))).toEqual({ changes: [], patch: Buffer.alloc(0) });
  });
});

test('binary files are those without line counts, renamed ones under their new name', () => {
  const output = '3\t1\ttext\0-\t-\tdata\tbin\0-\t-\t\0old\0new\0' + '1\t1\t\0from\0to\0';
  expect(parseBinary(Buffer.from(output))).toEqual(new Set(['data\tbin', 'new']));
});

test('a change over the limit is told with its three largest files', () => {
  const weights = [5, 1, 9, 7].map((mebibytes) => ({
    path: `f${mebibytes}`,
    bytes: mebibytes * 1024 * 1024,
  }));
  expect(tooLarge(weights, 10 * 1024 * 1024).refusal.reason).toBe(
    'the change is larger than 10.0 MiB; largest: f9 (9.0 MiB), f7 (7.0 MiB), f5 (5.0 MiB)',
  );
});
