import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DIGEST_LINES, excerptOf } from './excerpt.ts';

const noise = (count: number, word = 'compiling') => Array.from({ length: count }, (_, i) => `${word} ${i}`);
const texts = (lines: readonly string[]) => excerptOf(lines, 0).lines.map(({ text }) => text);

test('without a place it is the end of the log', () => {
  expect(texts([...noise(100), '', 'make: *** Error 1'])).toEqual([
    ...noise(100).slice(-19),
    'make: *** Error 1',
  ]);
});

test('the first error with a place comes with what stands around it, and the end', () => {
  const error = './src/net.cc:88:5: error: no member named x';
  const { lines, path, line } = excerptOf([...noise(50), error, ...noise(100, 'more')], 1000);
  expect([path, line]).toEqual(['src/net.cc', 88]);
  expect(lines).toHaveLength(DIGEST_LINES);
  expect(lines[2]).toEqual({ number: 1050, text: error });
  expect(lines.at(-1)).toEqual({ number: 1150, text: 'more 99' });
});

test.each([
  [['a.c:1: warning: unused', 'b.c:2: something else', 'c.c:3: error: no'], 'c.c', 3],
  [['a.c:1: warning: unused', 'b.c:2: something else'], 'b.c', 2],
  [['  File "tests/a.py", line 12, in test', 'ValueError: no'], 'tests/a.py', 12],
  [['net.cc(88): error C2065: x'], 'net.cc', 88],
  [['    at Object.<anonymous> (/src/a.test.ts:12:20)'], '/src/a.test.ts', 12],
  [['at 12:30:59 something', 'see http://example.org:80/x', 'ratio 3.5:1'], null, null],
])('%j points to %s:%s', (lines, path, line) => {
  expect(excerptOf(lines, 0)).toMatchObject({ path, line });
});

test('of any log it is at most twenty lines of it, in their order', () => {
  const line = fc.oneof(
    fc.string(),
    fc.constantFrom('', 'a.c:1: error: x', 'b.c:2: warning: y', 'x'.repeat(5000)),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 80 }), fc.nat(1000), (lines, first) => {
      const { lines: found } = excerptOf(lines, first);
      expect(found.length).toBeLessThanOrEqual(DIGEST_LINES);
      const numbers = found.map(({ number }) => number);
      expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
      for (const { number, text } of found) {
        expect(text.length).toBeLessThanOrEqual(400);
        expect((lines[number - first] ?? '').startsWith(text.replace(/…$/, ''))).toBe(true);
      }
    }),
  );
});
