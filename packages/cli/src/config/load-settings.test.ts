import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UserError } from '@buildbot/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';
import { loadSettings } from './load-settings.ts';
import { mergeSettings, SETTINGS } from './settings.ts';

describe('settings', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'settings-'));
    await mkdir(join(dir, 'home/.config/buildbot'), { recursive: true });
    await mkdir(join(dir, 'tree/src/deep'), { recursive: true });
  });
  afterEach(() => rm(dir, { recursive: true }));

  const tree = (text: string) => writeFile(join(dir, 'tree/.buildbot'), text);
  const user = (text: string) => writeFile(join(dir, 'home/.config/buildbot/config.yaml'), text);
  const load = (flags = {}) =>
    loadSettings(flags, readEnvironment({ HOME: join(dir, 'home') }), join(dir, 'tree/src/deep'));

  it('have defaults where nobody says anything', async () => {
    expect(await load()).toMatchObject({
      connect: 'ssh',
      buildbotbin: 'buildbot',
      wait: true,
      quiet: false,
      untracked: true,
      builders: [],
      treeDir: null,
    });
  });

  it('come from flags before the tree, and from the tree before the user', async () => {
    await tree('host: tree\nbranch: tree\n');
    await user('host: user\nbranch: user\nwho: user\n');
    expect(await load({ host: 'flag' })).toMatchObject({
      host: 'flag',
      branch: 'tree',
      who: 'user',
      treeDir: join(dir, 'tree'),
    });
  });

  it('send a token only where its owner wants it, never where a source tree says', async () => {
    await user('api: https://ci.example/\ntokenFile: /home/me/token\n');
    expect((await load()).tokenFile).toBe('/home/me/token');
    expect((await load({ api: 'https://other.example/' })).tokenFile).toBe('/home/me/token');
    await tree('api: https://evil.example/\n');
    expect(await load()).toMatchObject({ api: 'https://evil.example/', tokenFile: undefined });
    expect((await load({ tokenFile: '/home/me/token' })).tokenFile).toBeUndefined();
    expect((await load({ api: 'https://ci.example/' })).tokenFile).toBe('/home/me/token');
    await tree('tokenFile: /home/me/token\n');
    await expect(load()).rejects.toThrow(UserError);
  });

  it('take a token from the file that the environment names, unless a flag names one', async () => {
    const environment = readEnvironment({ HOME: join(dir, 'home'), BUILDBOT_TOKEN_FILE: '/run/token' });
    const flags = { api: 'https://ci.example/' };
    expect((await loadSettings(flags, environment, dir)).tokenFile).toBe('/run/token');
    expect((await loadSettings({ ...flags, tokenFile: 'x' }, environment, dir)).tokenFile).toBe('x');
  });

  it('merge properties name by name', async () => {
    await tree('properties: { a: tree, b: tree }\n');
    expect({ ...(await load({ properties: { a: 'flag' } })).properties }).toEqual({ a: 'flag', b: 'tree' });
  });

  it("take Buildbot's own names", async () => {
    await tree('try_host: ci.example\ntry_builders: [linux]\n');
    expect(await load()).toMatchObject({ host: 'ci.example', builders: ['linux'] });
  });

  it('are read from an old options file as literals only', async () => {
    await mkdir(join(dir, 'tree/.buildbot'));
    await writeFile(join(dir, 'tree/.buildbot/options'), 'try_host = "old.example"\ntry_wait = True\n');
    expect(await load()).toMatchObject({ host: 'old.example', treeDir: join(dir, 'tree') });
    await writeFile(join(dir, 'tree/.buildbot/options'), 'import os\n');
    await expect(load()).rejects.toThrow(UserError);
  });

  it.each([
    'ssh: touch x',
    'try_ssh: touch x',
    'identity: /k',
    'proxyCommand: x',
    'sshConfig: ./evil',
    'known_hosts: /dev/null',
  ])('refuse %s in a source tree, whoever runs the command', async (line) => {
    await tree(`${line}\n`);
    await expect(load({ ssh: 'mine' })).rejects.toThrow(/refused/);
  });

  it('let the user name a program', async () => {
    await user('ssh: ssh -v\n');
    expect((await load()).ssh).toBe('ssh -v');
  });

  it('name file, line and the nearest key for a misspelt one', async () => {
    await tree('host: x\nbiulders: [a]\n');
    await expect(load()).rejects.toThrow(
      /\.buildbot:2:1: unknown key 'biulders'\n {2}Did you mean 'builders'\?/,
    );
  });

  it.each([
    ['not UTF-8', Buffer.from([0xff, 0xfe, 0x00])],
    ['too large', Buffer.alloc(2 * 1024 * 1024, 'a')],
  ])('refuse a file that is %s', async (_, bytes) => {
    await writeFile(join(dir, 'tree/.buildbot'), bytes);
    await expect(load()).rejects.toThrow(UserError);
  });
});

describe('the environment', () => {
  it('asks for lines in CI, on a dumb terminal and for accessibility', () => {
    const plain = (env: Record<string, string>) => readEnvironment({ HOME: '/h', ...env }).wantsPlain;
    expect([
      plain({}),
      plain({ CI: 'true' }),
      plain({ CI: 'false' }),
      plain({ TERM: 'dumb' }),
      plain({ ACCESSIBLE: '1' }),
    ]).toEqual([false, true, false, true, true]);
  });

  it.each([
    [{}, { allowsColour: true, forcesColour: false }],
    [{ NO_COLOR: '' }, { allowsColour: true, forcesColour: false }],
    [{ NO_COLOR: '1' }, { allowsColour: false, forcesColour: false }],
    [{ TERM: 'dumb' }, { allowsColour: false, forcesColour: false }],
    [{ FORCE_COLOR: '0' }, { allowsColour: false, forcesColour: false }],
    [
      { FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' },
      { allowsColour: true, forcesColour: true },
    ],
  ])('says with %o whether colours are wanted', (env, wanted) => {
    expect(readEnvironment({ HOME: '/h', ...env })).toMatchObject(wanted);
  });
});

it('every setting with a default has it when nothing is given', () => {
  const merged = mergeSettings({}, {});
  const withDefault = SETTINGS.filter((setting) => setting.default !== null);
  expect(withDefault.length).toBeGreaterThan(0);
  for (const setting of withDefault) expect(merged[setting.key]).toBe(setting.default);
  expect(merged).toMatchObject({ builders: [], properties: {} });
  // By its type it is there, too.
  const connect: string = merged.connect;
  expect(connect).toBe('ssh');
});
