/** `try` between flags and what hands a job in: what it does where nothing is to be sent. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { apiServer } from '../client/testing/api-server.ts';
import { builder } from '../view/testing/resources.ts';
import { testRuntime } from './testing/test-runtime.ts';
import { type TryCommandInput, tryCommand } from './try-command.ts';
import { ViewStore } from './view-store.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'try-command-'));
});
afterEach(() => rm(home, { recursive: true }));

async function run(change: Partial<TryCommandInput>) {
  const { runtime, stdout, stderr } = testRuntime(home);
  const input: TryCommandInput = {
    given: {},
    properties: {},
    source: { diff: undefined, patchlevel: undefined, baserev: undefined, staged: false, pathspecs: [] },
    dryRun: false,
    builderNames: false,
    local: false,
    json: false,
    events: false,
    follow: false,
    asks: true,
    version: '0',
    store: new ViewStore(),
  };
  const code = await tryCommand({ ...input, ...change }, runtime);
  return { code, stdout: stdout(), stderr: stderr() };
}

const PATCH = '--- a/hello.txt\n+++ b/hello.txt\n@@ -1 +1 @@\n-hello\n+goodbye\n';

it('lists the builders of the master, harmless, and keeps their names for the shell', async () => {
  const names = [builder({ name: 'linux' }), builder({ name: 'ma\u001b[2Jc' }), builder({ masterids: [] })];
  const server = await apiServer('HTTP/1.1', (_, response) => {
    response.end(JSON.stringify({ builders: names, masters: [] }));
  });
  try {
    const { code, stdout } = await run({ builderNames: true, given: { api: server.url } });
    expect([code, stdout.split('\n')[0]]).toEqual([0, 'linux']);
    expect(stdout).not.toContain('\u001b');
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(await readFile(join(home, '.cache/buildbot/builders'), 'utf8')).toBe('linux\n');
  } finally {
    await server.close();
  }
});

it('shows what it would send, with the properties of both flags', async () => {
  await writeFile(join(home, 'my.diff'), PATCH);
  const source = {
    ...{ diff: 'my.diff', patchlevel: undefined, baserev: undefined, staged: false, pathspecs: [] },
  };
  const { code, stdout } = await run({
    dryRun: true,
    json: true,
    source,
    given: { builders: ['linux'], properties: { a: '1' } },
    properties: { b: 'x,y' },
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    schema: 'buildbot.try.dryrun/1',
    builders: ['linux'],
    properties: { a: '1', b: 'x,y' },
    patchBytes: PATCH.length,
  });
});

it('takes builders and properties from a preset of the tree, and of the own file', async () => {
  const tree = 'presets:\n  quick:\n    builders: linux\n    properties: { tests: smoke, level: 1 }\n';
  await writeFile(join(home, '.buildbot'), tree);
  await mkdir(join(home, '.config/buildbot'), { recursive: true });
  await writeFile(join(home, '.config/buildbot/config.yaml'), 'presets: { own: { builders: [mac] } }\n');
  await writeFile(join(home, 'my.diff'), PATCH);
  const source = { diff: 'my.diff', patchlevel: undefined, baserev: undefined, staged: false, pathspecs: [] };
  const dry = { dryRun: true, json: true, source };
  const quick = JSON.parse((await run({ ...dry, preset: 'quick' })).stdout);
  expect(quick).toMatchObject({ builders: ['linux'], properties: { tests: 'smoke', level: '1' } });
  const own = JSON.parse((await run({ ...dry, preset: 'own' })).stdout);
  expect(own).toMatchObject({ builders: ['mac'], properties: {} });
});

it.each([
  ['presets: { quick: { builder: [linux] } }', "'presets': unknown key"],
  ['presets: { "a b": {} }', 'the name of a preset'],
  ['presets: [quick]', 'expected names'],
  ['presets: { quick: { properties: { revision: 1 } } }', "'revision'"],
])('refuses a file with %s', async (text, reason) => {
  await writeFile(join(home, '.buildbot'), `${text}\n`);
  await expect(run({ dryRun: true })).rejects.toMatchObject({
    message: expect.stringContaining(reason),
    exitCode: 2,
  });
});

it('asks where the master is before it looks at the working copy', async () => {
  await expect(run({})).rejects.toMatchObject({ exitCode: 2, hint: expect.stringContaining('--host') });
});
