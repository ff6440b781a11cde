import { expect, it } from 'vitest';
import { eraseWonRows, wonRows } from './reflow.ts';
import { testTerminal } from './testing/terminal.ts';

it.each([
  [[80, 10, 40], 80, 0],
  [[80, 10, 40], 79, 1],
  [[80, 10, 41], 40, 2],
  [[80, 0], 1, 79],
  [[], 10, 0],
])('rows of %j cells win rows in %i columns', (widths, columns, rows) => {
  expect(wonRows({ widths }, columns)).toBe(rows);
});

it('erases what a narrowed terminal wrapped, and not what stands above it', async () => {
  const terminal = testTerminal(40, 20);
  const stop = eraseWonRows(terminal.stdout, { widths: [30, 25] });
  terminal.stdout.write(`a fact\n${'x'.repeat(30)}\n${'y'.repeat(25)}\n`);
  await terminal.screen();
  terminal.resize(20, 20);
  // What Ink does then: its two rows, from the cursor upwards.
  terminal.stdout.write('\u001b[2K\u001b[1A\u001b[2K\u001b[1A\u001b[2K');
  expect((await terminal.screen()).filter((row) => row !== '')).toEqual(['a fact']);
  stop();
  const before = terminal.bytes();
  terminal.resize(10, 20);
  expect(terminal.bytes()).toBe(before);
});
