/** The JSON Schemas in docs/ are fresh, take every configuration that is shown or made anywhere, and refuse slips. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { createBasedir as createMaster } from '../../packages/master/src/daemon/create.ts';
import { createBasedir as createWorker } from '../../packages/worker/src/daemon/create.ts';
import { schemaPages } from '../../tools/reference.ts';

const read = (path: string) => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

/** A schema as an editor reads it. */
const published = (name: string) => z.fromJSONSchema(JSON.parse(read(`docs/${name}`)));
const master = published('master.schema.json');
const worker = published('worker.schema.json');

/** The YAML in a page. */
const blocksOf = (page: string) =>
  [...read(page).matchAll(/```yaml\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');

/** Where a schema objects. */
const objections = (schema: z.ZodType, data: unknown) => schema.safeParse(data).error?.issues ?? [];

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'schemas-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('the schemas are fresh (else: npm run docs)', () => {
  for (const { text, fresh } of schemaPages()) expect(text).toBe(fresh);
});

/** The example is for `buildbot try --local`, which says itself where the project is. */
const example = read('examples/wordcount/ci/master.yaml').replaceAll(
  'type: git,',
  'type: git, repository: r,',
);
const shown = [...blocksOf('docs/master.md'), ...blocksOf('README.md'), example];

test.each(shown.filter((text) => !text.startsWith('connect:')))(
  'a master.yaml that is shown is taken: %#',
  (text) => {
    expect(objections(master, parse(text))).toEqual([]);
  },
);

test.each(blocksOf('docs/worker.md'))('a part of worker.yaml that is shown is taken: %#', (text) => {
  expect(objections(worker, { name: 'w1', master: 'ws://m:1', ...parse(text) })).toEqual([]);
});

test('what create makes is taken', async () => {
  const folder = makeFolder();
  await createMaster(join(folder, 'm'));
  expect(objections(master, parse(readFileSync(join(folder, 'm/master.yaml'), 'utf8')))).toEqual([]);
  const input = { basedir: join(folder, 'w'), master: 'ws://m:1', name: 'w1', password: 'x' };
  await createWorker(input);
  expect(objections(worker, parse(readFileSync(join(folder, 'w/worker.yaml'), 'utf8')))).toEqual([]);
});

test.each([
  { titel: 'x' },
  { builders: [{ name: 'b', workers: ['w'], steps: [{ type: 'shel', command: 'x' }] }] },
  { builders: [{ name: 'b', workers: ['w'], steps: [{ type: 'shell', command: 'x', timout: '1s' }] }] },
  { schedulers: [{ type: 'try', name: 't' }] },
])('a slip is refused: %j', (config) => {
  expect(objections(master, config)).not.toEqual([]);
});
