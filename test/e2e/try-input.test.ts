/** What `buildbot try` sends, or refuses to send, judged by `--dryrun`: no server is needed, or asked. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Finished, program, run, runOk } from '../support/processes.ts';

const DIFF = '--- a/hello.txt\n+++ b/hello.txt\n@@ -1 +1 @@\n-hello\n+bye\n';

interface Place {
  work: string;
  git(...args: string[]): Promise<string>;
  dryRun(args: string[], input?: string, cwd?: string): Promise<Finished>;
}

/** A clone of a repository with one commit. */
async function setup(): Promise<Place> {
  const dir = await mkdtemp(join(tmpdir(), 'try-input-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const [seed, work] = [join(dir, 'seed'), join(dir, 'work')];
  const env = {
    ...{ PATH: process.env.PATH, HOME: dir, GIT_CONFIG_NOSYSTEM: '1', LANG: 'C.UTF-8' },
    ...{
      GIT_AUTHOR_NAME: 'Dev',
      GIT_AUTHOR_EMAIL: 'd@e',
      GIT_COMMITTER_NAME: 'Dev',
      GIT_COMMITTER_EMAIL: 'd@e',
    },
  };
  const git = (cwd: string, ...args: string[]) => runOk(['git', ...args], { cwd, env });
  await mkdir(seed);
  await git(seed, 'init', '-q', '-b', 'main');
  await writeFile(join(seed, 'hello.txt'), 'hello\n');
  await git(seed, 'add', '-A');
  await git(seed, 'commit', '-q', '-m', 'first');
  await git(dir, 'clone', '-q', seed, work);
  return {
    work,
    git: (...args) => git(work, ...args),
    dryRun: (args, input, cwd = work) =>
      run(program('cli', 'try', '--dryrun', '--json', ...args), {
        cwd,
        env,
        ...(input === undefined ? {} : { input }),
      }),
  };
}

test('a base that is given by name travels as a full id', async () => {
  const { git, dryRun } = await setup();
  const base = (await git('rev-parse', 'HEAD')).trim();
  await git('tag', 'v1');
  await git('commit', '-q', '--allow-empty', '-m', 'second');
  for (const name of ['origin/main', 'v1', 'HEAD~1', base.slice(0, 8), base]) {
    const { code, stdout, stderr } = await dryRun(['--diff', '-', '-p', '1', '--baserev', name], DIFF);
    expect([name, code, stderr]).toEqual([name, 0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ baseRevision: base });
  }
});

test('a base that cannot be known is refused with 2 and a hint', async () => {
  const { dryRun } = await setup();
  const unknown = await dryRun(['--diff', '-', '-p', '1', '--baserev', 'origin/nowhere'], DIFF);
  expect([unknown.code, unknown.stderr]).toEqual([
    2,
    expect.stringMatching(/no commit "origin\/nowhere".*\n.*--baserev/),
  ]);
  const outside = await dryRun(['--diff', '-', '-p', '1', '--baserev', 'deadbeef'], DIFF, tmpdir());
  expect([outside.code, outside.stderr]).toEqual([
    2,
    expect.stringMatching(/"deadbeef" is no full commit id.*\n.*40/),
  ]);
});

test.each([
  ['/etc/passwd', /link 'evil' points to an absolute path/],
  ['../../outside', /link 'evil' points out of the tree/],
  ['.git/config', /link 'evil' points into '\.git'/],
])('a new symbolic link to %s is refused by its name, and can be left out', async (target, reason) => {
  const { work, dryRun } = await setup();
  await writeFile(join(work, 'hello.txt'), 'changed\n');
  await symlink(target, join(work, 'evil'));
  const { code, stdout, stderr } = await dryRun([]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
  expect(JSON.parse(stdout)).toMatchObject({
    schema: 'buildbot.try.dryrun/1',
    exitCode: 2,
    error: { message: expect.stringMatching(reason) },
  });
  expect((await dryRun(['--', 'hello.txt'])).code).toBe(0);
});
