/** The pages in docs/ say what the code says, where code can say it, and their links lead somewhere. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { masterConfigSchema, workerFileSchema } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { stepOptions } from '../../tools/reference/configuration.ts';
import { keysOf } from '../../tools/reference/schema-keys.ts';
import { referencePages } from '../../tools/reference.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('the generated parts are fresh (else: npm run docs)', async () => {
  const pages = await referencePages();
  expect(pages.map(({ name }) => name)).toEqual(['api.md', 'cli.md', 'master.md', 'worker.md']);
  for (const { text, fresh } of pages) expect(text).toBe(fresh);
});

test('every key of a configuration says what it means', () => {
  const keys = [...keysOf(masterConfigSchema), ...keysOf(workerFileSchema)];
  const lists = ['workers', 'builders', 'schedulers'];
  expect(keys.filter(({ path, meaning }) => meaning === '' && !lists.includes(path))).toEqual([]);
  expect(stepOptions()).not.toMatch(/\|\s+\|$/m);
});

/** Markdown files of this repository's own. */
const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md'],
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];

/** As GitHub makes them. */
function anchors(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? '');
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('the links of %s lead somewhere', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? '');
  const dead = links.filter((link) => {
    if (/^https?:/.test(link)) return false;
    const [path = '', anchor] = link.split('#');
    const target = path === '' ? join(root, page) : join(root, dirname(page), path);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchors(readFileSync(target, 'utf8')).includes(anchor);
  });
  expect(dead).toEqual([]);
});

/** One row of docs/status.md: its id, its verdict and its line. */
const rows = [
  ...readFileSync(join(root, 'docs/status.md'), 'utf8').matchAll(
    /^\| ([TBWMN]\d+) \|[^|]+\| ([^|]+) \|(.*)\|$/gm,
  ),
].map(([, id = '', verdict = '', line = '']) => ({ id, verdict, line }));

test('status.md has every row of the requirements, once', () => {
  const count = { T: 8, B: 12, W: 12, M: 11, N: 4 };
  const wanted = Object.entries(count).flatMap(([letter, last]) =>
    Array.from({ length: last }, (_, index) => `${letter}${index + 1}`),
  );
  expect(rows.map(({ id }) => id)).toEqual(wanted);
  for (const { verdict } of rows) expect(['works', 'partly', 'not yet']).toContain(verdict);
});

test('status.md names a test for all that works, and only tests that are there', () => {
  for (const { id, verdict, line } of rows) {
    const named = [...line.matchAll(/`((?:test|packages)\/[^`]+)`/g)].map((match) => match[1] ?? '');
    if (verdict === 'works') expect(named, id).not.toEqual([]);
    const files = named.flatMap((pattern) => globSync(pattern, { cwd: root }));
    expect(files.length, `${id}: ${line}`).toBeGreaterThanOrEqual(named.length);
    const text = files.map((file) => readFileSync(join(root, file), 'utf8')).join('\n');
    for (const [, claim = ''] of line.matchAll(/\*([^*`]+)\*/g))
      expect(text, id).toContain(claim.replace(/ ?…$/, ''));
  }
});
