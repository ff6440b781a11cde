import type { TestCase } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { silentLogger } from '../log.ts';
import type { TestReport } from '../ports/recipe.ts';
import type { Logger } from '../ports/service.ts';
import { readTests } from './test-results.ts';

const REPORT: TestReport = {
  ...{ format: 'tap', workdir: 'build', log: 'stdio', hasFiles: false, isCutShort: false },
};
const running = { builddir: 'linux', logId: async (name: string) => (name === 'stdio' ? 1 : null) };

/** A log of these pieces, and what is kept of it, portion by portion. */
function world(pieces: Iterable<Uint8Array | Error>) {
  const portions: TestCase[][] = [];
  const store = {
    async *readLog() {
      for (const piece of pieces) {
        if (piece instanceof Error) throw piece;
        yield piece;
      }
    },
    async keepTestResults({ tests }: { tests: readonly TestCase[] }) {
      portions.push([...tests]);
      return true;
    },
  };
  return { store, portions };
}

const lines = (count: number) =>
  Buffer.from(Array.from({ length: count }, (_, i) => `ok ${i} - t${i}\n`).join(''));
const read = (
  store: ReturnType<typeof world>['store'],
  report: Partial<TestReport> = {},
  logger: Logger = silentLogger,
) => readTests({ store, logger }, running, { stepId: 7, report: { ...REPORT, ...report } });

test('tests are kept in portions, so that nobody waits long behind them', async () => {
  const { store, portions } = world([lines(1200)]);
  expect(await read(store)).toEqual({ passed: 1200, failed: 0, skipped: 0 });
  expect(portions.map(({ length }) => length)).toEqual([500, 500, 200]);
});

test('what is below the tree is called from there', async () => {
  const place = (path: string) => `not ok 1 - ${path}\n  ---\n  location: '${path}:3:1'\n  ...\n`;
  const paths = ['/w/linux/build/src/a.js', 'src/b.js', '/usr/lib/c.js'];
  const { store, portions } = world([Buffer.from(paths.map(place).join(''))]);
  await read(store);
  expect(portions.flat().map(({ path }) => path)).toEqual(['src/a.js', 'src/b.js', '/usr/lib/c.js']);
});

test('a step without tests has a set without any', async () => {
  const { store, portions } = world([Buffer.from('nothing\n')]);
  expect(await read(store)).toEqual({ passed: 0, failed: 0, skipped: 0 });
  expect(portions).toEqual([[]]);
});

test('a log that was never made tells nothing', async () => {
  const { store, portions } = world([]);
  expect(await read(store, { log: 'test reports' })).toBeNull();
  expect(portions).toEqual([]);
});

test('of an endless log a part is read, and that is said', async () => {
  let given = 0;
  const endless = (function* () {
    for (const piece = Buffer.alloc(1024 * 1024, 'x'); ; given++) yield piece;
  })();
  const { store, portions } = world(endless);
  expect(await read(store)).toMatchObject({ failed: 1 });
  expect(given).toBeLessThan(70);
  expect(portions.flat()).toMatchObject([
    { name: '(report)', message: [expect.stringContaining('not all')] },
  ]);
});

test('a log that cannot be read changes nothing about its step', async () => {
  const said: string[] = [];
  const logger: Logger = { ...silentLogger, error: (_fields, text) => void said.push(text) };
  const { store } = world([lines(3), new Error('damaged')]);
  expect(await read(store, {}, logger)).toBeNull();
  expect(said).toEqual(['what a step told of its tests could not be read']);
});
