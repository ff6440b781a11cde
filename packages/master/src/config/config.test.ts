import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, UserError } from '@buildbot/shared';
import { afterEach, expect, test } from 'vitest';
import { checkStep } from '../builds/steps/registry.ts';
import { findConfig } from './find.ts';
import { loadConfig } from './load.ts';
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
    'master.yaml:8:15: builders[0].workers[0]: there is no worker "w2" (did you mean "w1"?)',
    'master.yaml:12:40: schedulers[0].builders[0]: there is no builder "linus" (did you mean "linux"?)',
  ]);
});

test('one mistake of each kind does not hide the others, and none is told twice', async () => {
  const text = `
titel: Example
listen: { api: 0.0.0.0:8010, workers: 9989 }
workers:
  - { name: w1, pasword: secret }
  - { name: w3, password: secret, maxBuilds: many }
  - { name: w4 }
builders:
  - name: linux
    workers: [w1, w2]
    steps:
      - { type: shel, command: make test }
      - { type: shell, command: make test, timeout: 20x }
      - { type: git, repository: /srv/p.git, mode: ful, metod: fresh }
  - { name: linux, workers: [w1], steps: [] }
schedulers:
  - { type: try, name: try, builders: [linus] }
  - { type: force, name: try, builders: [linux] }
  - { type: tyr, name: other, builders: [linux] }
`;
  expect(await problemsOf(text, checkStep)).toEqual([
    'master.yaml:2:1: titel: unknown key (did you mean "title"?)',
    'master.yaml:3:16: listen.api: 0.0.0.0 is not a loopback address, and nothing protects it (give listen.tls, or listen.proxies that speak HTTPS for it, or say listen.plain: true)',
    'master.yaml:3:39: listen.workers: expected a text, found a number',
    'master.yaml:5:17: workers[0].pasword: unknown key (did you mean "password"?)',
    'master.yaml:6:46: workers[1].maxBuilds: expected a number, found a text',
    'master.yaml:7:5: workers[2]: give exactly one of password and passwordFile',
    'master.yaml:10:19: builders[0].workers[1]: there is no worker "w2" (did you mean "w1"?)',
    'master.yaml:12:17: builders[0].steps[0].type: there is no step type "shel" (did you mean "shell"?)',
    "master.yaml:13:53: builders[0].steps[1].timeout: '20x' is not a duration: expected one like 30s, 2m45s, 1h05m or 1.5h",
    'master.yaml:14:52: builders[0].steps[2].mode: expected full or incremental, found "ful" (did you mean "full"?)',
    'master.yaml:14:57: builders[0].steps[2].metod: unknown key (did you mean "method"?)',
    'master.yaml:15:13: builders[1].name: "linux" is used twice (every name must be unique)',
    'master.yaml:15:42: builders[1].steps: needs at least one',
    'master.yaml:17:40: schedulers[0].builders[0]: there is no builder "linus" (did you mean "linux"?)',
    'master.yaml:18:26: schedulers[1].name: "try" is used twice (every name must be unique)',
    'master.yaml:19:13: schedulers[2].type: expected try or force, found "tyr" (did you mean "try"?)',
  ]);
});

test.each([
  ['a section', GOOD.replace('\nbuilders:', '\nbuilder:'), ['builder: unknown key']],
  ['a name', GOOD.replace('- name: linux', '- nmae: linux'), ['builders[0].nmae: unknown key']],
  [
    'tags that a builder asks for',
    GOOD.replace('tags: [linux]', 'tgas: [linux]').replace('workers: [w1]', 'workers: { tags: [linux] }'),
    ['workers[0].tgas: unknown key'],
  ],
  [
    'a section that is no list',
    GOOD.replace(/workers:\n.*\n/, 'workers: none\n'),
    ['workers: expected a list'],
  ],
])('what refers to %s that cannot be read is not blamed', async (_what, text, expected) => {
  const problems = await problemsOf(text);
  expect(problems).toEqual(expected.map((part) => expect.stringContaining(part)));
});

test('shows what would control a terminal rather than sending it', async () => {
  const [problem, ...more] = await problemsOf('"a\\e[2Jb": 1\n"ti\\ntle": 2\n');
  expect(problem).toMatch(/^master\.yaml:1:1: a␛\[2Jb: unknown key \(known: title, /);
  expect(more).toEqual([expect.stringContaining(': ti␊tle: unknown key (did you mean "title"?)')]);
});

test('refuses two of one name and a worker without password', async () => {
  const text = GOOD.replace(
    'workers:\n  - { name: w1, password: secret, maxBuilds: 2, tags: [linux] }',
    'workers:\n  - { name: w1 }\n  - { name: w1, password: x, passwordFile: y }',
  );
  const problems = await problemsOf(text);
  expect(problems).toHaveLength(3);
  expect(problems[0]).toContain('exactly one of password and passwordFile');
  expect(problems.join('\n')).toContain('"w1" is used twice');
});

test('places what a step type says about its options', async () => {
  const checkStep: StepCheck = () => [
    { path: ['timeout'], message: 'expected a duration such as 20m', hint: null, isKey: false },
  ];
  expect(await problemsOf(GOOD, checkStep)).toEqual([
    'master.yaml:10:65: builders[0].steps[0].timeout: expected a duration such as 20m',
  ]);
});

test.each([
  ['a syntax error', 'title: [', 'master.yaml:1:9: a bracket is not closed'],
  ['a key given twice', 'title: a\ntitle: b\n', 'master.yaml:2:'],
  ['a tag of another language', 'title: !!js/function "x"', 'master.yaml:1:8: a tag is refused'],
  ['a number out of range', 'workers: [{ name: w, password: x, maxBuilds: -1 }]', 'workers[0].maxBuilds'],
  ['a name that is a number', 'workers: [{ name: "17", password: x }]', 'numbers are ids'],
  ['an API open to the network', 'listen: { api: 0.0.0.0:8010 }', 'not a loopback address'],
  [
    'a rule for nobody',
    'access: { rules: [{ allow: [stop], to: [admin] }], roles: { admins: [a] } }',
    'did you mean "admins"?',
  ],
  [
    'a rule that allows what there is not',
    'access: { rules: [{ allow: [stopp], to: [owner] }] }',
    'did you mean "stop"?',
  ],
  ['a role that is built in', 'access: { roles: { owner: [a] } }', 'owner and users are built in'],
  ['a group without a name', "access: { roles: { a: ['group:'] } }", 'group: which one?'],
  [
    'a provider without TLS',
    'www: { auth: { oidc: { issuer: "http://id.example", clientId: x } } }',
    'expected https://',
  ],
  [
    'a header with a meaning of its own',
    'www: { auth: { proxyHeader: { user: Cookie, from: [127.0.0.1] } } }',
    'a meaning of its own',
  ],
  ['an address of people with a query', 'www: { url: "https://ci.example/?a=b" }', 'without query'],
  ['a proxy that is no address', 'listen: { proxies: [example.org] }', 'expected an address or a network'],
  ['a session of seconds', 'www: { auth: { session: 5s } }', 'logs people out while they work'],
  ['an address without port', 'listen: { api: localhost }', 'expected host:port'],
  ['bytes that are not UTF-8', new Uint8Array([0x74, 0xff, 0xfe]), 'cannot read'],
])('refuses %s', async (_what, text, expected) => {
  expect((await problemsOf(text)).join('\n')).toContain(expected);
});

test.each([
  'listen: { api: 0.0.0.0:8010, plain: true }',
  'listen: { api: 0.0.0.0:8010, proxies: [10.0.0.0/8, "::1"] }',
  'listen: { api: 0.0.0.0:8010, tls: { certificate: c.pem, key: k.pem } }',
  'access: { roles: { a: ["group:ops", "email:*@x.org"] }, rules: [{ allow: ["*"], to: [a, owner, users] }] }',
])('takes %s', async (text) => {
  const folder = await basedir({ 'master.yaml': text });
  expect(await loadConfig(join(folder, 'master.yaml'), anyStep)).toBeDefined();
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
  ['a syntax error', 'const a = 1;\nexport default [ };', 'master.config.mjs:2:18: SyntaxError: '],
  ['a throw on a later line', '\n\n  throw new Error("boom");', 'master.config.mjs:3:9: Error: boom'],
  ['an import of nothing', "import './nowhere.mjs';", 'master.config.mjs: Error: Cannot find module'],
  [
    'a wrong value',
    'export default { workers: 3 };',
    'master.config.mjs:1:27: workers: expected a list, found a number',
  ],
])('says what is wrong with code that has %s', async (_what, code, expected) => {
  const file = join(await basedir({ 'master.config.mjs': code }), 'master.config.mjs');
  const error = await loadConfig(file, anyStep).catch((e) => e);
  expect(error).toBeInstanceOf(ConfigError);
  expect((error as Error).message).toContain(expected);
});

test.each([
  ['what is no TypeScript', 'export default {\n  title: ] };', 'master.config.ts:2:10: SyntaxError: '],
  [
    'what cannot be stripped',
    'const a = 1;\nenum Kind { a }',
    'master.config.ts:2:1: SyntaxError: TypeScript enum',
  ],
])('names line and column of %s', async (_what, code, expected) => {
  const file = join(await basedir({ 'master.config.ts': code }), 'master.config.ts');
  await expect(loadConfig(file, anyStep)).rejects.toThrow(expected);
});

test('names the imported file in which code is wrong', async () => {
  const folder = await basedir({ 'master.config.ts': "import './parts.ts';", 'parts.ts': '\nconst = 1;' });
  await expect(loadConfig(join(folder, 'master.config.ts'), anyStep)).rejects.toThrow(
    /^parts\.ts:2:7: SyntaxError: /,
  );
});

test('finds the one configuration of a base directory', async () => {
  const folder = await basedir({ 'master.config.ts': '' });
  expect(await findConfig(folder)).toBe(join(folder, 'master.config.ts'));
  await writeFile(join(folder, 'master.yaml'), '');
  await expect(findConfig(folder)).rejects.toThrow('more than one configuration');
  await expect(findConfig(join(folder, 'nowhere'))).rejects.toThrow('no master.yaml');
});
