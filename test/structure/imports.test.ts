/** Walks every import of every package and fails on an arrow that ARCHITECTURE.md does not allow. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface SourceFile {
  /** From the repository's root, with `/`. */
  path: string;
  text: string;
  imports: string[];
}

function readSources(): SourceFile[] {
  const files = readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
    .map((path) => join('packages', path))
    .filter((path) => /^packages\/[a-z]+\/src\/.*\.tsx?$/.test(path) && !path.endsWith('.d.ts'));
  return files.map((path) => {
    const text = readFileSync(join(root, path), 'utf8');
    const found = text.matchAll(
      /^(?:import|export)\b[^'"]*?from\s*'([^']+)'|^import\s+'([^']+)'|\bimport\('([^']+)'\)/gms,
    );
    return { path, text, imports: [...found].map((match) => (match[1] ?? match[2] ?? match[3]) as string) };
  });
}

const sources = readSources();
const isTest = ({ path }: SourceFile): boolean => /\.(test|contract)\.tsx?$|\/testing\//.test(path);
const product = sources.filter((file) => !isTest(file));

function packageOf(path: string): string {
  return path.split('/')[1] as string;
}

/** First folder (or file) below `src`. */
function roomOf(path: string): string {
  return path.split('/')[3] as string;
}

/** The file a relative import names, from the repository's root. */
function target(from: string, specifier: string): string {
  return relative(root, normalize(join(root, dirname(from), specifier)));
}

function offenders(rule: (file: SourceFile, specifier: string) => boolean, files = product): string[] {
  return files.flatMap((file) =>
    file.imports
      .filter((specifier) => rule(file, specifier))
      .map((specifier) => `${file.path} -> ${specifier}`),
  );
}

test('there is something to walk', () => {
  expect(product.length).toBeGreaterThan(50);
  expect(product.flatMap((file) => file.imports).length).toBeGreaterThan(200);
});

test('packages meet by name, never by a path into one another', () => {
  const rule = ({ path }: SourceFile, specifier: string): boolean =>
    specifier.startsWith('.') && packageOf(target(path, specifier)) !== packageOf(path);
  const toSupport = (arrow: string): boolean => /\.(test|contract)\.tsx? -> .*\/test\/support\//.test(arrow);
  expect(offenders(rule, sources).filter((arrow) => !toSupport(arrow))).toEqual([]);
});

test('relative imports carry the extension of the source file', () => {
  const rule = (_file: SourceFile, specifier: string): boolean =>
    specifier.startsWith('.') && !/\.(tsx?|json|mjs)$/.test(specifier);
  expect(offenders(rule, sources)).toEqual([]);
});

test('shared imports no other package and does no input or output', () => {
  const rule = ({ path }: SourceFile, specifier: string): boolean =>
    packageOf(path) === 'shared' &&
    /^(node:|@buildbot\/|\w+$)/.test(specifier) &&
    !['zod', 'yaml'].includes(specifier);
  expect(offenders(rule)).toEqual([]);
});

test('master, worker and CLI do not know one another, except where `try --local` embeds both', () => {
  const rule = ({ path }: SourceFile, specifier: string): boolean =>
    /^@buildbot\/(master|worker|cli)/.test(specifier) &&
    specifier.split('/')[1] !== packageOf(path) &&
    path !== 'packages/cli/src/local.ts';
  expect(offenders(rule)).toEqual([]);
});

const EDGES = ['store', 'api', 'workers', 'changes', 'try', 'builds', 'reporters', 'config'];

test("the master's core is pure: shared and core only, no async, no clock", () => {
  const core = product.filter(({ path }) => path.startsWith('packages/master/src/core/'));
  const rule = ({ path }: SourceFile, specifier: string): boolean =>
    specifier.startsWith('.')
      ? !/^packages\/master\/src\/(core|ports)\//.test(target(path, specifier))
      : specifier !== '@buildbot/shared';
  expect(offenders(rule, core)).toEqual([]);
  const impure = core.filter(({ text }) =>
    /\basync\b|\bawait\b|Date\.now|Math\.random|setTimeout/.test(
      text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''),
    ),
  );
  expect(impure.map(({ path }) => path)).toEqual([]);
});

test("the master's edges never import one another, and services see them through ports", () => {
  const rule = ({ path }: SourceFile, specifier: string): boolean => {
    if (!path.startsWith('packages/master/src/') || !specifier.startsWith('.')) return false;
    const from = roomOf(path);
    const to = roomOf(target(path, specifier));
    if (!EDGES.includes(to) || from === to) return false;
    // A build's recipe is what the runner runs: services drive `builds` directly.
    return EDGES.includes(from) || (from === 'services' && to !== 'builds') || from === 'ports';
  };
  expect(offenders(rule)).toEqual([]);
});

test('nobody in the master knows how it is wired but the composition itself', () => {
  const rule = ({ path }: SourceFile, specifier: string): boolean =>
    specifier.startsWith('.') &&
    target(path, specifier).startsWith('packages/master/src/composition/') &&
    !/^packages\/master\/src\/(composition\/|main\.ts)/.test(path);
  expect(offenders(rule)).toEqual([]);
});

test("the CLI's arrows run commands -> services -> client, vcs, ssh; the screens know no client", () => {
  const forbidden: Record<string, string[]> = {
    ui: ['client', 'services', 'commands', 'ssh', 'vcs'],
    view: ['client', 'services', 'commands', 'ssh', 'vcs', 'ui'],
    client: ['services', 'commands', 'ui'],
    vcs: ['services', 'commands', 'ui', 'client', 'ssh'],
    ssh: ['services', 'commands', 'ui', 'client', 'vcs'],
    services: ['commands'],
  };
  const rule = ({ path }: SourceFile, specifier: string): boolean =>
    path.startsWith('packages/cli/src/') &&
    specifier.startsWith('.') &&
    (forbidden[roomOf(path)] ?? []).includes(roomOf(target(path, specifier)));
  expect(offenders(rule)).toEqual([]);
});

test('SQL stays in the store', () => {
  const rule = ({ path }: SourceFile, specifier: string): boolean =>
    /^(kysely|better-sqlite3|pg)(\/|$)/.test(specifier) && !path.startsWith('packages/master/src/store/');
  expect(offenders(rule)).toEqual([]);
});

/** Files at the process's edge: they may ask for the environment and end the process. */
const PROCESS_EDGE = /\/(config|daemon)\/|\/(main|bin|tryserver|local)\.ts$|\/bin\/|\/commands\//;

test('only the edge of a process looks at the environment, and only clock.ts at the clock', () => {
  const code = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  const env = product.filter(
    ({ path, text }) => /process\.env\b/.test(code(text)) && !PROCESS_EDGE.test(path),
  );
  const clock = product.filter(
    ({ path, text }) =>
      /Date\.now\(\)|new Date\(\)/.test(code(text)) && !/\/clock\.ts$/.test(path) && !PROCESS_EDGE.test(path),
  );
  const exit = product.filter(
    ({ path, text }) => /process\.exit\(/.test(code(text)) && !PROCESS_EDGE.test(path),
  );
  expect([env, clock, exit].map((files) => files.map(({ path }) => path))).toEqual([[], [], []]);
});

/** What is loaded from `path` before anything runs: values it imports, and theirs; not types, not `import()`. */
function loadedAtOnce(path: string, seen = new Map<string, string[]>()): Map<string, string[]> {
  if (seen.has(path)) return seen;
  const { text } = product.find((file) => file.path === path) as SourceFile;
  const found = [...text.matchAll(/^(?:import|export)\s(?!type\b)[^'"]*?from\s*'([^']+)'/gms)];
  const specifiers = found.map((match) => match[1] as string);
  seen.set(
    path,
    specifiers.filter((specifier) => !specifier.startsWith('.')),
  );
  for (const specifier of specifiers)
    if (specifier.startsWith('.')) loadedAtOnce(target(path, specifier), seen);
  return seen;
}

test.each(['master', 'worker'])('the %s answers --version and status without loading schemas', (name) => {
  const light = ['@buildbot/shared/errors', '@buildbot/shared/text/nearest'];
  const loaded = loadedAtOnce(`packages/${name}/src/daemon/bin.ts`);
  expect(loaded.size).toBeGreaterThan(3);
  const heavy = [...loaded].flatMap(([path, specifiers]) =>
    specifiers
      .filter((specifier) => !specifier.startsWith('node:') && !light.includes(specifier))
      .map((specifier) => `${path} -> ${specifier}`),
  );
  expect(heavy).toEqual([]);
});

test('no room is called after nothing in particular', () => {
  const vague = sources.filter(({ path }) => /\/(utils?|common|helpers?|misc)(\/|\.tsx?$)/.test(path));
  expect(vague.map(({ path }) => path)).toEqual([]);
});
