import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@buildbot/shared';
import { afterEach, expect, test } from 'vitest';
import { findConfig } from './find.ts';
import { loadConfig } from './load.ts';
import { ConfigError } from './problem.ts';
import type { StepCheck } from './validate.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

/** A fresh base directory that holds these files. */
async function basedir(files: Record<string, string | Uint8Array>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'master-config-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

const anyStep: StepCheck = () => [];

/** The problems of `master.yaml`, one line each. */
async function problemsOf(text: string | Uint8Array, checkStep = anyStep): Promise<string[]> {
  const error = await loadConfig(
    join(await basedir({ 'master.yaml': text }), 'master.yaml'),
    checkStep,
  ).catch((e) => e);
  expect(error).toBeInstanceOf(UserError);
  return (error as UserError).message.split('\n');
}

const GOOD = `
title: Example
listen: { api: 127.0.0.1:8010, workers: 127.0.0.1:9989 }
workers:
  - { name: w1, password: secret, maxBuilds: 2, tags: [linux] }
builders:
  - name: linux
    workers: [w1]
    steps:
      - { type: shell, name: test, command: make test, timeout: 20m }
schedulers:
  - { type: try, name: try, builders: [linux], jobdir: try }
  - { type: force, name: force, builders: [linux] }
`;

test('two schedulers do not share a try directory, however it is written', async () => {
  const more = '  - { type: try, name: nightly, builders: [linux], jobdir: ./try/ }\n';
  expect(await problemsOf(`${GOOD.trimEnd()}\n${more}`)).toEqual([
    expect.stringMatching(/^master\.yaml:14:\d+: schedulers\[2\]\.jobdir: it is the try directory of "try"/),
  ]);
});

test('reads the example of the design and fills in defaults', async () => {
  const config = await loadConfig(join(await basedir({ 'master.yaml': GOOD }), 'master.yaml'), anyStep);
  expect(config.workerLink.grace).toBe(600_000);
  expect(config.database.url).toBe('sqlite:state.sqlite');
  expect(config.schedulers[0]).toMatchObject({
    type: 'try',
    jobdir: 'try',
    maxJobBytes: 52_428_800,
    priority: 0,
  });
});

test('gives the same configuration from YAML and from TypeScript', async () => {
  const code = `import { defineMaster } from '@buildbot/master';
  export default defineMaster({
    title: 'Example',
    listen: { api: '127.0.0.1:8010', workers: '127.0.0.1:9989' },
    workers: [{ name: 'w1', password: 'secret', maxBuilds: 2, tags: ['linux'] }],
    builders: [{ name: 'linux', workers: ['w1'],
      steps: [{ type: 'shell', name: 'test', command: 'make test', timeout: '20m' }] }],
    schedulers: [
      { type: 'try', name: 'try', builders: ['linux'], jobdir: 'try' },
      { type: 'force', name: 'force', builders: ['linux'] },
    ],
  });`;
  const folder = await basedir({ 'master.yaml': GOOD, 'master.config.ts': code });
  const fromYaml = await loadConfig(join(folder, 'master.yaml'), anyStep);
  expect(await loadConfig(join(folder, 'master.config.ts'), anyStep)).toEqual(fromYaml);
});

test('points at a misspelt key with line, column and the nearest one', async () => {
  expect(await problemsOf(GOOD.replace('workers: [w1]', 'wrokers: [w1]'))).toEqual([
    'master.yaml:8:5: builders[0].wrokers: unknown key (did you mean "workers"?)',
  ]);
});

test('says which key is missing', async () => {
  expect(await problemsOf(GOOD.replace('    workers: [w1]\n', ''))).toEqual([
    'master.yaml:7:5: builders[0].workers: is missing',
  ]);
});

test('names workers and builders that do not exist, all at once', async () => {
  const text = GOOD.replace('workers: [w1]', 'workers: [w2]').replace(
    'builders: [linux], jobdir',
    'builders: [linus], jobdir',
  );
  expect(await problemsOf(text)).toEqual([
    'master.yaml:8:14: builders[0].workers: there is no worker "w2" (did you mean "w1"?)',
    'master.yaml:12:39: schedulers[0].builders: there is no builder "linus" (did you mean "linux"?)',
  ]);
});

test('refuses two of one name and a worker without password', async () => {
  const text = GOOD.replace(
    'workers:\n  - { name: w1, password: secret, maxBuilds: 2, tags: [linux] }',
    'workers:\n  - { name: w1 }\n  - { name: w1, password: x, passwordFile: y }',
  );
  const problems = await problemsOf(text);
  expect(problems).toHaveLength(3);
  expect(problems[0]).toContain('"w1" is used twice');
  expect(problems[1]).toContain('exactly one of password and passwordFile');
});

test('places what a step type says about its options', async () => {
  const checkStep: StepCheck = () => [{ path: ['timeout'], message: 'expected a duration such as 20m' }];
  expect(await problemsOf(GOOD, checkStep)).toEqual([
    'master.yaml:10:65: builders[0].steps[0].timeout: expected a duration such as 20m',
  ]);
});

test.each([
  ['a syntax error', 'title: [', 'master.yaml:1:'],
  ['a key given twice', 'title: a\ntitle: b\n', 'master.yaml:2:'],
  ['a tag of another language', 'title: !!js/function "x"', 'master.yaml:1:'],
  ['a number out of range', 'workers: [{ name: w, password: x, maxBuilds: -1 }]', 'workers[0].maxBuilds'],
  ['a name that is a number', 'workers: [{ name: "17", password: x }]', 'numbers are ids'],
  ['an API open to the network', 'listen: { api: 0.0.0.0:8010 }', 'not a loopback address'],
  ['an address without port', 'listen: { api: localhost }', 'expected host:port'],
  ['bytes that are not UTF-8', new Uint8Array([0x74, 0xff, 0xfe]), 'cannot read'],
])('refuses %s', async (_what, text, expected) => {
  expect((await problemsOf(text)).join('\n')).toContain(expected);
});

test('does not unfold a bomb of aliases', async () => {
  const levels = Array.from(
    { length: 9 },
    (_, i) => `l${i + 1}: &l${i + 1} [${Array(9).fill(`*l${i}`).join(',')}]`,
  );
  const problems = await problemsOf(`l0: &l0 [x]\n${levels.join('\n')}\n`);
  expect(problems[0]).toContain('too many aliases');
});

test.each([
  ['an exit', 'process.exit(0)', 'it ended before its configuration was read'],
  ['a throw', "throw new Error('boom')", 'boom'],
  ['no export', 'const a = 1;', 'no default export'],
  ['a function in it', 'export default { title: () => 1 }', 'default.title is a function'],
])('says what is wrong with code that has %s', async (_what, code, expected) => {
  const file = join(await basedir({ 'master.config.mjs': code }), 'master.config.mjs');
  const error = await loadConfig(file, anyStep).catch((e) => e);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toContain(expected);
});

test('finds the one configuration of a base directory', async () => {
  const folder = await basedir({ 'master.config.ts': '' });
  expect(await findConfig(folder)).toBe(join(folder, 'master.config.ts'));
  await writeFile(join(folder, 'master.yaml'), '');
  await expect(findConfig(folder)).rejects.toThrow('more than one configuration');
  await expect(findConfig(join(folder, 'nowhere'))).rejects.toThrow('no master.yaml');
});
