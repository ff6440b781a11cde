import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const cli = fileURLToPath(new URL('../src/cli.js', import.meta.url));

test('prints a summary of standard input', () => {
  const output = execFileSync(process.execPath, [cli], { input: 'to be or not to be\n', encoding: 'utf8' });
  assert.match(output, /^1 lines, 6 words, 19 bytes\n {5}2 be\n {5}2 to\n/);
});
