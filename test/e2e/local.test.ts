/** `buildbot try --local` on the sample project: no server, real processes. */
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import {
  end,
  type Finished,
  isAlive,
  type Program,
  program,
  run,
  runOk,
  start,
  until,
} from '../support/processes.ts';
import { ptyScreen } from '../support/pty-screen.ts';

const sample = fileURLToPath(new URL('../../examples/wordcount', import.meta.url));

interface Local {
  tree: string;
  env: Record<string, string>;
  buildbot(...args: string[]): Promise<Finished>;
  startBuildbot(...args: string[]): Program;
}

/** The sample project as a git working copy of its own, and a user with an empty cache. */
async function setup(steps?: string): Promise<Local> {
  const dir = await mkdtemp(join(tmpdir(), 'local-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true, maxRetries: 5 }));
  const tree = join(dir, 'wordcount');
  await cp(sample, tree, { recursive: true });
  if (steps !== undefined) {
    const builders = `builders: [{ name: unit, workers: [w], steps: [${steps}] }, { name: style, workers: [w], steps: [{ type: shell, command: ['true'] }] }]`;
    await writeFile(
      join(tree, 'ci', 'master.yaml'),
      `workers: [{ name: w, password: x }]\n${builders}\nschedulers: []\n`,
    );
  }
  // The builders of the sample run `node`: the one that runs this test.
  const env = {
    PATH: `${join(process.execPath, '..')}:${process.env.PATH}`,
    HOME: dir,
    GIT_CONFIG_NOSYSTEM: '1',
  };
  const git = (...args: string[]) =>
    runOk(['git', '-C', tree, '-c', 'user.name=Dev', '-c', 'user.email=dev@example.org', ...args], { env });
  await git('init', '-q', '-b', 'main');
  await git('add', '-A');
  await git('commit', '-q', '-m', 'first');
  return {
    tree,
    env,
    buildbot: (...args) => run(program('cli', ...args), { cwd: tree, env }),
    startBuildbot: (...args) => {
      const started = start(program('cli', ...args), { cwd: tree, env });
      onTestFinished(async () => void (await end(started, 'SIGKILL')));
      return started;
    },
  };
}

async function breakIt(tree: string): Promise<void> {
  const file = join(tree, 'src', 'wordcount.js');
  await writeFile(file, (await readFile(file, 'utf8')).replace("word !== ''", 'word.length > 1'));
}

test('the sample passes as it is, fails when broken, and its log can be read afterwards', async () => {
  const { tree, buildbot } = await setup();
  const good = await buildbot('try', '--local');
  expect([good.code, good.stderr]).toEqual([0, '']);
  expect(good.stdout).toContain('try #1 passed');
  await breakIt(tree);
  const bad = await buildbot('try', '--local');
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain('Expected values to be strictly deep-equal');
  const [, next = ''] = /\$ buildbot (log .*)/.exec(bad.stdout) ?? [];
  expect(next).toMatch(/^log \d+ test --local$/);
  const log = await buildbot(...next.split(' '));
  // The sample passed before, so whose failure it is can be told, test by test.
  const mark = /^✗ test › counts lines, words and bytes {2}NEW {2}test\/wordcount\.test\.js:7: Expected/;
  expect([log.code, log.stderr]).toEqual([0, expect.stringMatching(mark)]);
  expect(log.stdout).toContain("operator: 'deepStrictEqual'");
});

test('the other faces tell the same', async () => {
  const { tree, buildbot } = await setup();
  await breakIt(tree);
  const json = await buildbot('try', '--local', '--json', '-b', 'unit');
  expect([json.code, JSON.parse(json.stdout).result]).toEqual([1, 'failure']);
  const events = await buildbot('try', '--local', '--events', '-b', 'style');
  expect(JSON.parse(events.stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
    event: 'finished',
    exitCode: 0,
  });
  const quiet = await buildbot('try', '--local', '--quiet', '-b', 'style');
  expect(quiet.stdout.trim().split('\n')).toEqual([expect.stringContaining('try #3 passed')]);
});

test('after three runs the screen gives an estimate', async () => {
  const { env, tree, buildbot } = await setup("{ type: shell, name: test, command: [sleep, '1.5'] }");
  for (let times = 0; times < 3; times++)
    expect((await buildbot('try', '--local', '-b', 'unit')).code).toBe(0);
  const screen = ptyScreen(program('cli', 'try', '--local', '-b', 'unit'), {
    cwd: tree,
    env,
    columns: 100,
    rows: 24,
  });
  await screen.shows(/left \(.*, 3 past builds\)/);
  expect(await screen.exited).toBe(0);
});

test('a second run of the same tree at the same time is refused in one sentence and harms nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'local-twice-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const go = join(folder, 'go');
  const { buildbot, startBuildbot } = await setup(
    `{ type: shell, name: test, command: 'while [ ! -e ${go} ]; do sleep 0.1; done' }`,
  );
  const first = startBuildbot('try', '--local', '-b', 'unit');
  await first.says(/› test/);
  const second = await buildbot('try', '--local', '-b', 'style');
  expect([second.code, second.stdout]).toEqual([2, '']);
  expect(second.stderr).toContain('another try --local of this working copy is running');
  await writeFile(go, '');
  expect((await first.finished).code).toBe(0);
});

test('a run that was killed leaves neither processes nor builds to the next one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'local-pid-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const pidFile = join(folder, 'pid');
  const { buildbot, startBuildbot } = await setup(
    `{ type: shell, name: test, command: 'sleep 987653 & echo $! > ${pidFile}; wait' }`,
  );
  const killed = startBuildbot('try', '--local', '-b', 'unit');
  const pid = await until('the step to run', async () =>
    Number(await readFile(pidFile, 'utf8').catch(() => '')),
  );
  await end(killed, 'SIGKILL');
  const next = await buildbot('try', '--local', '-b', 'style', '--json');
  expect(JSON.parse(next.stdout)).toMatchObject({ result: 'success', buildSetId: 2 });
  await until('the orphan to be gone', async () => !(await isAlive(pid)));
  expect(Number(await readFile(pidFile, 'utf8')), 'the build was not run again').toBe(pid);
});

test('Ctrl-C stops the builds, for they cannot go on alone', async () => {
  const { startBuildbot } = await setup("{ type: shell, name: test, command: [sleep, '987652'] }");
  const running = startBuildbot('try', '--local', '-b', 'unit');
  await running.says(/› test/);
  const { code, stdout } = await end(running, 'SIGINT');
  expect(code).toBe(3);
  expect(stdout).not.toContain('buildbot watch');
});

test.each([
  ['its master starts', 'state.sqlite'],
  ['its worker starts', 'workers'],
])('Ctrl-C while %s gives the prompt back and the working copy free', async (_, made) => {
  const { tree, env, buildbot } = await setup();
  // The diff never comes: nothing is sent, however late the signal is.
  const running = start(program('cli', 'try', '--local', '--diff', '-'), { cwd: tree, env, input: null });
  onTestFinished(async () => void (await end(running, 'SIGKILL')));
  const cache = join(env.HOME ?? '', '.cache');
  await until(`${made} to be there`, async () => {
    const paths = await readdir(cache, { recursive: true }).catch(() => []);
    return paths.some((path) => basename(path) === made);
  });
  const { code, stdout } = await end(running, 'SIGINT');
  expect([code, stdout]).toEqual([130, 'interrupted, nothing was sent\n']);
  expect((await buildbot('try', '--local', '-b', 'style')).code).toBe(0);
});
