import { execFileSync } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { basename, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { readEnvironment } from './config/environment.ts';
import type { Runtime } from './services/runtime.ts';
import { TerminalTurn } from './services/terminal-turn.ts';
import { type TryCommandInput, tryCommand } from './services/try-command.ts';
import { ViewStore } from './services/view-store.ts';
import { until } from './ui/testing/terminal.ts';

const MASTER = `
workers: [{ name: w1, password: not-used-here }]
builders:
  - name: linux
    workers: [w1]
    steps:
      - { type: git, repository: https://nowhere.invalid/p.git, mode: full, method: fresh }
      - { type: shell, name: test, command: [sh, test.sh] }
schedulers: []
`;

/** The master, the worker, git and the shell are real; only the terminal is the test's. */
describe('try --local', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'local-'));
    await mkdir(join(dir, 'tree/ci'), { recursive: true });
    await writeFile(join(dir, 'tree/.buildbot'), 'local: ci/master.yaml\n');
    await writeFile(join(dir, 'tree/ci/master.yaml'), MASTER);
    await writeFile(join(dir, 'tree/test.sh'), 'echo "base"; exit 0\n');
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@t', ...args], { cwd: join(dir, 'tree') });
    git('init', '-q', '-b', 'main');
    git('add', '-A');
    git('commit', '-q', '-m', 'base');
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  async function run(
    change: Partial<TryCommandInput> = {},
    onInterrupt: Runtime['onInterrupt'] = () => () => {},
  ): Promise<{ code: number; out: string }> {
    const stdout = new PassThrough();
    let out = '';
    stdout.on('data', (bytes: Buffer) => {
      out += bytes.toString();
    });
    const runtime: Runtime = {
      environment: readEnvironment({
        ...process.env,
        HOME: dir,
        XDG_CACHE_HOME: join(dir, 'c'),
        XDG_CONFIG_HOME: join(dir, 'config'),
      }),
      cwd: join(dir, 'tree'),
      clock: systemClock,
      random: Math.random,
      stdout: stdout as unknown as NodeJS.WriteStream,
      stderr: stdout as unknown as NodeJS.WriteStream,
      stdin: new PassThrough() as unknown as NodeJS.ReadStream,
      terminal: new TerminalTurn(),
      isInteractive: false,
      onInterrupt,
      onSuspend: () => () => {},
      suspend: async () => {},
    };
    const input: TryCommandInput = {
      given: {},
      properties: {},
      source: { diff: undefined, patchlevel: undefined, baserev: undefined, staged: false, pathspecs: [] },
      dryRun: false,
      builderNames: false,
      local: true,
      follow: false,
      json: true,
      events: false,
      asks: false,
      version: '0.0.0',
      store: new ViewStore(),
      ...change,
    };
    return { code: await tryCommand(input, runtime), out };
  }

  it('builds the working copy as it is, without a server and without its remote', async () => {
    await writeFile(join(dir, 'tree/test.sh'), 'cat untracked.txt; exit 0\n');
    await writeFile(join(dir, 'tree/untracked.txt'), 'I am here\n');
    const { code, out } = await run();
    expect(JSON.parse(out)).toMatchObject({
      result: 'success',
      builds: [{ builder: 'linux', result: 'success' }],
    });
    expect(code).toBe(0);
  });

  it('fails with the last lines of the log, and keeps its history in the cache', async () => {
    await writeFile(join(dir, 'tree/test.sh'), 'echo "expected 3, got 2"; exit 1\n');
    const { code, out } = await run();
    const final = JSON.parse(out) as { events: { event: string; lines?: string[] }[] };
    expect(final.events.find(({ event }) => event === 'log_excerpt')?.lines).toContain('expected 3, got 2');
    expect(code).toBe(1);
    expect(await readdir(join(dir, 'c/buildbot/local'))).toHaveLength(1);
    expect(JSON.parse((await run()).out)).toMatchObject({ buildSetId: 2 });
  });

  it('stops its builds on Ctrl-C, in the name of whoever pressed it', async () => {
    const flag = join(dir, 'runs');
    await writeFile(join(dir, 'tree/test.sh'), `touch ${flag}; sleep 60\n`);
    const { code, out } = await run({}, (press) => {
      const watcher = watch(dir, (_, name) => {
        if (name !== 'runs') return;
        watcher.close();
        press('ctrl-c');
      });
      return () => watcher.close();
    });
    const text = `cancelled by ${userInfo().username}: stopped from buildbot try`;
    expect(JSON.parse(out)).toMatchObject({ exitCode: 3, builds: [{ text }] });
    expect(code).toBe(3);
  });

  it.each([
    ['the cache', 'buildbot'],
    ['the database', 'state.sqlite'],
    ['a worker', 'w1'],
  ])('ends on Ctrl-C as soon as there is %s, and lets the next one start', async (_, made) => {
    const cache = join(dir, 'c');
    const isThere = async () => {
      const paths = await readdir(cache, { recursive: true }).catch(() => []);
      return paths.some((path) => basename(path) === made);
    };
    // A diff that never comes, so that nothing is sent however late the press is.
    const source = { diff: '-', patchlevel: undefined, baserev: undefined, staged: false, pathspecs: [] };
    const { code } = await run({ source }, (press) => {
      void until(isThere, () => made).then(() => press('ctrl-c'));
      return () => {};
    });
    expect(code).toBe(130);
    expect((await run()).code).toBe(0);
  });

  it('refuses a builder that there is not, and names those there are', async () => {
    await expect(run({ given: { builders: ['linus'] } })).rejects.toThrow(/linus.*linux/);
  });

  it('says what would be sent and sends nothing', async () => {
    await writeFile(join(dir, 'tree/new.txt'), 'x\n');
    const { code, out } = await run({ dryRun: true, json: false });
    expect(out).toContain('+ new.txt');
    expect(out).toContain('nothing was sent');
    expect(code).toBe(0);
    expect(await readdir(dir)).not.toContain('c');
  });
});
