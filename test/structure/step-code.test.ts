/**
 * The code of steps runs again after a restart of the master and must then ask for the same things
 * (docs/architecture/durable-builds.md): it may use nothing that could answer otherwise the second time.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../packages/master/src/builds', import.meta.url));

const files = ['steps', 'sources'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => join(folder, name)),
);

/** Without comments, which may speak of anything. */
function codeOf(file: string): string {
  const text = readFileSync(join(root, file), 'utf8');
  return text.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^\s*\/\/.*$/gm, '');
}

test('there is step code to look at', () => {
  expect(files.length).toBeGreaterThan(8);
});

test.each([
  ["Node's own modules: files, sockets, processes, timers, random bytes", /from 'node:/],
  ['the time', /\bDate\b|\bperformance\b|\bprocess\b/],
  ['chance', /\bMath\.random\b|\bcrypto\b/],
  ['timers', /\bset(?:Timeout|Interval|Immediate)\b/],
  ['the network', /\bfetch\(['"`]|\bWebSocket\b/],
  ['several commands at once', /\bPromise\.(?:all|race|any|allSettled)\b/],
])('no step uses %s', (_name, pattern) => {
  expect(files.filter((file) => pattern.test(codeOf(file)))).toEqual([]);
});
