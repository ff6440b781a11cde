/** The window over a log: its lines are those of the text, wherever it was cut, and it stays small. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogWindow } from './log-window.ts';

const filled = (...pieces: string[]): LogWindow => {
  const window = new LogWindow();
  for (const piece of pieces) window.push(piece);
  return window;
};

it('has the lines of the text, however it was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[ab\n]{0,6}$/)), (pieces) => {
      const lines = pieces.join('').split('\n');
      if (lines.at(-1) === '') lines.pop();
      const window = filled(...pieces);
      expect(window.lines(0, 100)).toEqual(lines);
      expect(window.end).toBe(lines.length);
    }),
  );
});

it('shows the line that is being written, as it looks now', () => {
  const window = new LogWindow();
  window.push('one\n', '10 %');
  window.push('', '20 %');
  expect(window.lines(0, 9)).toEqual(['one', '20 %']);
  window.push('100 %\n', '');
  expect(window.lines(0, 9)).toEqual(['one', '100 %']);
});

it('keeps the newest lines under their numbers, however many come', () => {
  const window = new LogWindow();
  for (let line = 0; line < 30_000; line += 100)
    window.push(Array.from({ length: 100 }, (_, index) => `line ${line + index}\n`).join(''));
  expect(window.end).toBe(30_000);
  expect(window.end - window.first).toBeLessThanOrEqual(10_000);
  expect(window.lines(29_998, 5)).toEqual(['line 29998', 'line 29999']);
  expect(window.lines(window.first, 1)).toEqual([`line ${window.first}`]);
});

it('cuts what no screen could show, and widens tabs', () => {
  const [long, tab] = filled(`${'x'.repeat(5000)}\na\tb\n`).lines(0, 2);
  expect(long).toHaveLength(1000);
  expect(tab).toBe('a    b');
});

it('finds text in any case, upwards and downwards, and only in what is kept', () => {
  const window = filled('Error one\nfine\nerror two\nthe end');
  expect(window.find('error', 3, -1)).toBe(2);
  expect(window.find('error', 1, -1)).toBe(0);
  expect(window.find('ERROR', 1, 1)).toBe(2);
  expect(window.find('end', 0, 1)).toBe(3);
  expect(window.find('nothing', 0, 1)).toBeNull();
});
