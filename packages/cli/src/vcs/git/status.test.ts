import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStatus } from './status.ts';

const ID = '1'.repeat(40);

test('each kind of record is read, and headers are passed over', () => {
  const output = [
    '# branch.head main',
    `1 MD N... 100644 100755 000000 ${ID} ${ID} a b.c`,
    `1 .A N... 000000 000000 100644 ${ID} ${ID} planned`,
    `u UU N... 100644 100755 100644 100644 ${ID} ${'2'.repeat(40)} ${ID} con flict`,
    '? new file',
    '! build/',
    '',
  ].join('\0');
  expect(parseStatus(Buffer.from(output))).toEqual([
    { kind: 'changed', path: 'a b.c', staged: 'M', unstaged: 'D', head: { mode: '100644', id: ID } },
    { kind: 'changed', path: 'planned', staged: '.', unstaged: 'A', head: { mode: '000000', id: ID } },
    { kind: 'unmerged', path: 'con flict', head: { mode: '100755', id: '2'.repeat(40) } },
    { kind: 'untracked', path: 'new file' },
    { kind: 'ignored', path: 'build/' },
  ]);
});

test('a path comes through whole, whatever is in it', () => {
  const path = fc
    .uint8Array({ minLength: 1, maxLength: 30 })
    .map((bytes) => Buffer.from(bytes.filter((byte) => byte > 0)).toString('latin1'));
  fc.assert(
    fc.property(path, (name) => {
      const output = Buffer.from(`1 M. N... 100644 100644 100644 ${ID} ${ID} ${name}\0? ${name}\0`, 'latin1');
      expect(parseStatus(output).map((entry) => entry.path)).toEqual([name, name]);
    }),
  );
});
