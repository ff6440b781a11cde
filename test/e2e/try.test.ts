/** The main job over a real sshd: from a dirty working copy to the result of its build. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { end, isAlive, until } from '../support/processes.ts';
import { createWorld, type World, type WorldOptions } from '../support/world.ts';

async function setup(options?: WorldOptions): Promise<World & { work: string }> {
  const world = await createWorld(options);
  onTestFinished(() => world.remove());
  return Object.assign(world, { work: await world.clone() });
}

/** A folder through which a test and its builds tell one another things. */
async function flagFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'flags-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What `--json` ended with. */
interface Result {
  exitCode: number;
  buildSetId: number;
  result: string | null;
  builds: {
    builder: string;
    result: string;
    text: string;
    buildId: number;
    steps: { name: string; result?: string }[];
  }[];
}

const json = (text: string): Result => JSON.parse(text) as Result;

test('a dirty working copy that passes ends with 0, one that fails with 1', async () => {
  const { work, buildbot } = await setup();
  await writeFile(join(work, 'hello.txt'), 'changed on the laptop\n');
  await writeFile(join(work, 'untracked.txt'), 'new\n');
  const good = await buildbot(work, ['try', '--json']);
  expect(good.stderr).toBe('');
  expect(json(good.stdout)).toMatchObject({ exitCode: 0, result: 'success' });
  expect(good.code).toBe(0);
  await writeFile(join(work, 'run.sh'), '#!/bin/sh\necho "test/net: expected 3, got 2" >&2\nexit 1\n');
  const bad = await buildbot(work, ['try']);
  expect(bad.code).toBe(1);
  expect(bad.stdout).toContain('test/net: expected 3, got 2');
  expect(bad.stdout).toContain('exit');
});

test('the build runs on exactly what the working copy holds, from any folder below', async () => {
  const { work, buildbot, apiBytes, git } = await setup({
    files: {
      'run.sh': '#!/bin/sh\nfind . -path ./.git -prune -o -type f -print | sort | xargs cat\n',
      'a.txt': 'a\n',
      'b.txt': 'b\n',
    },
  });
  await git(work, 'mv', 'a.txt', 'renamed.txt');
  await rm(join(work, 'b.txt'));
  await mkdir(join(work, 'deep', 'er'), { recursive: true });
  await writeFile(join(work, 'deep', 'er', 'bytes'), Buffer.from([0, 255, 10, 13, 10, 200]));
  await git(work, 'commit', '-qam', 'not pushed');
  await writeFile(join(work, 'renamed.txt'), 'after the commit\n');
  const { code } = await buildbot(join(work, 'deep'), ['try', '--quiet']);
  expect(code).toBe(0);
  const { logs } = await (async () =>
    JSON.parse((await apiBytes('/api/v2/builds/1/steps/test/logs')).toString()))();
  const raw = await apiBytes(`/api/v2/logs/${logs[0].logid}/raw`);
  const script = await readFile(join(work, 'run.sh'));
  const expected = Buffer.concat([
    Buffer.from([0, 255, 10, 13, 10, 200]),
    Buffer.from('after the commit\n'),
    script,
  ]);
  expect(raw.equals(expected)).toBe(true);
});

test('warnings pass, and the result of a try is the worst of its builders', async () => {
  const { work, buildbot } = await setup({
    builders: {
      warns: [
        { type: 'shell', name: 'lint', command: ['false'], flunkOnFailure: false, warnOnFailure: true },
      ],
      passes: [{ type: 'shell', name: 'ok', command: ['true'] }],
      fails: [{ type: 'shell', name: 'no', command: ['sh', '-c', 'exit 7'] }],
    },
  });
  const warned = await buildbot(work, ['try', '--json', '-b', 'warns', '-b', 'passes']);
  expect([warned.code, json(warned.stdout).result]).toEqual([0, 'warnings']);
  const all = await buildbot(work, ['try', '--json']);
  expect([all.code, json(all.stdout).result]).toEqual([1, 'failure']);
  const failed = json(all.stdout).builds.find(({ builder }) => builder === 'fails');
  expect(failed?.text).toMatch(/exit (code )?7/);
});

test('an unknown builder is refused by name with those that exist', async () => {
  const { work, buildbot, jobdir, api } = await setup();
  const { code, stdout, stderr } = await buildbot(work, ['try', '-b', 'linus']);
  expect(code).toBe(2);
  expect(stdout + stderr).toContain('linus');
  expect(stdout + stderr).toContain('linux');
  expect((await api<{ buildsets: object[] }>('/api/v2/buildsets')).buildsets).toEqual([]);
  const failed = await readdir(join(jobdir, 'failed'));
  expect(failed.filter((name) => name.endsWith('.reason'))).toHaveLength(1);
  const list = await buildbot(work, ['try', '-b', 'linux,warn']);
  expect(list.code).toBe(2);
  expect(list.stderr).toMatch(/refused: .*\nFor several builders repeat -b\.$/m);
});

test('a dry run shows what would be sent and sends nothing', async () => {
  const { work, buildbot, api, git } = await setup();
  await writeFile(join(work, 'hello.txt'), 'changed\n');
  await writeFile(join(work, 'new.bin'), Buffer.from([0, 1, 2, 255]));
  await git(work, 'rm', '-q', 'run.sh');
  const { code, stdout } = await buildbot(work, ['try', '--dryrun']);
  expect(code).toBe(0);
  for (const line of ['~ hello.txt', '+ new.bin', '- run.sh']) expect(stdout).toContain(line);
  expect((await api<{ buildsets: object[] }>('/api/v2/buildsets')).buildsets).toEqual([]);
});

test('builder names are listed over SSH', async () => {
  const { work, buildbot } = await setup({
    builders: { one: [{ type: 'shell', command: ['true'] }], two: [{ type: 'shell', command: ['true'] }] },
  });
  const { code, stdout } = await buildbot(work, ['try', '--get-builder-names']);
  expect([
    code,
    stdout
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  ]).toEqual([0, expect.arrayContaining(['one', 'two'])]);
});

test('a given diff is built on the revision that was named', async () => {
  const { work, buildbot, git } = await setup({
    files: { 'run.sh': '#!/bin/sh\ngrep -q patched hello.txt\n', 'hello.txt': 'hello\n' },
  });
  await writeFile(join(work, 'hello.txt'), 'patched\n');
  const diff = await git(work, 'diff');
  const base = (await git(work, 'rev-parse', 'HEAD')).trim();
  await git(work, 'checkout', '-q', '.');
  const options = ['try', '--json', '--diff', '-', '--patchlevel', '1', '--baserev', base];
  expect((await buildbot(work, options, diff)).code).toBe(0);
});

test('a patch that does not apply fails in the step that says so', async () => {
  const { work, buildbot, git } = await setup();
  const base = (await git(work, 'rev-parse', 'HEAD')).trim();
  const diff = '--- a/hello.txt\n+++ b/hello.txt\n@@ -1 +1 @@\n-something else\n+x\n';
  const { code, stdout } = await buildbot(
    work,
    ['try', '--json', '--diff', '-', '-p', '1', '--baserev', base],
    diff,
  );
  expect(code).toBe(1);
  expect(json(stdout).builds[0]?.steps[0]).toMatchObject({
    name: 'git',
    text: expect.stringContaining('patch does not apply'),
  });
});

test('stopping a build from another terminal ends the whole tree and says by whom and why', async () => {
  const flags = await flagFolder();
  const command = `sleep 987654 & echo $! > ${flags}/pid; wait`;
  const { work, startBuildbot, buildbot } = await setup({
    builders: { slow: [{ type: 'shell', name: 'wait', command }] },
  });
  const following = startBuildbot(work, ['try']);
  const pid = await until('the step to run', async () =>
    Number(await readFile(join(flags, 'pid'), 'utf8').catch(() => '')),
  );
  const stop = await buildbot(work, ['stop', 'slow/1', '--reason', 'wrong branch']);
  expect([stop.code, stop.stderr]).toEqual([0, '']);
  const { code, stdout } = await following.finished;
  expect(code).toBe(3);
  expect(stdout).toContain('alice');
  expect(stdout).toContain('wrong branch');
  await until('its child to be gone', async () => !(await isAlive(pid)));
});

test('Ctrl-C lets the builds run on and prints the line that attaches again', async () => {
  const flags = await flagFolder();
  const command = `echo before; touch ${flags}/running; while [ ! -e ${flags}/go ]; do sleep 0.05; done; echo after`;
  const { work, startBuildbot, buildbot } = await setup({
    builders: { slow: [{ type: 'shell', name: 'wait', command }] },
  });
  const first = startBuildbot(work, ['try']);
  await first.says(/› wait/);
  await until('the step to run', async () => existsSync(join(flags, 'running')));
  const detached = await end(first, 'SIGINT');
  expect(detached.code).toBe(75);
  const [, id] = /buildbot watch (\d+)/.exec(detached.stdout + detached.stderr) ?? [];
  const second = startBuildbot(work, ['watch', String(id)]);
  await second.says(/› wait/);
  await writeFile(join(flags, 'go'), '');
  expect((await second.finished).code).toBe(0);
  const log = await buildbot(work, ['log', 'slow/1', 'wait']);
  expect(log.stdout).toBe('before\nafter\n');
});

/** A try that is left in the middle of a log, and the line it printed run as it is. */
async function detachAndAttach(face: string[]): Promise<{ parts: [string, string]; log: string }> {
  const flags = await flagFolder();
  const wait = `while [ ! -e ${flags}/go ]; do sleep 0.05; done`;
  const command = `seq 1 5000; printf 'half a '; ${wait}; echo line; seq 5001 9999`;
  const { work, startBuildbot, buildbot } = await setup({
    builders: {
      slow: [
        { type: 'shell', name: 'first', command: 'seq 1 30' },
        { type: 'shell', name: 'wait', command },
      ],
    },
  });
  const first = startBuildbot(work, ['try', '--follow', ...face]);
  await first.says(/5000/);
  const detached = await end(first, 'SIGINT');
  expect(detached.code).toBe(75);
  const [, words = ''] = /buildbot (watch [\w :,-]+)/.exec(detached.stdout) ?? [];
  const second = startBuildbot(work, [...words.trim().split(' '), ...face]);
  await second.says(/wait/);
  await writeFile(join(flags, 'go'), '');
  const attached = await second.finished;
  expect(attached).toMatchObject({ code: 0, stderr: '' });
  const logs = [
    await buildbot(work, ['log', 'slow/1', 'first']),
    await buildbot(work, ['log', 'slow/1', 'wait']),
  ];
  return { parts: [detached.stdout, attached.stdout], log: logs.map(({ stdout }) => stdout).join('') };
}

test('attaching again goes on in the log where the lines of the first had ended', async () => {
  const { parts, log } = await detachAndAttach([]);
  const [before, after] = parts.map((text) =>
    [...text.matchAll(/^│ (.*)$/gm)].map(([, line]) => `${line}\n`).join(''),
  );
  expect(`${before}${after}` === log).toBe(true);
  expect(before).toContain('\n4999\n5000\n');
  expect(after).toMatch(/^half a line\n5001\n/);
  // What ends a step is told after its last line.
  expect(parts[1]).toMatch(/^│ 9999\n✔ slow\/1 › wait passed/m);
});

test('attaching again goes on in the log where the events of the first had ended', async () => {
  const { parts, log } = await detachAndAttach(['--events']);
  const pieces = parts
    .flatMap((text) => text.trim().split('\n'))
    .map((line) => JSON.parse(line) as { event: string; text: string; logId: number; offset: number })
    .filter(({ event }) => event === 'log');
  expect(pieces.map(({ text }) => text).join('') === log).toBe(true);
  const ends = new Map<number, number>();
  for (const { logId, offset, text } of pieces) {
    expect(offset).toBe(ends.get(logId) ?? 0);
    ends.set(logId, offset + text.length);
  }
});

test('the event lines of a try carry a schema and end with its result', async () => {
  const { work, buildbot } = await setup();
  const { stdout } = await buildbot(work, ['try', '--events']);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.every(({ schema }) => typeof schema === 'string')).toBe(true);
  expect(events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['snapshot', 'queued', 'finished']),
  );
  expect(events.at(-1)).toMatchObject({ event: 'finished', exitCode: 0 });
});

test('modes and symbolic links arrive as they are', async () => {
  const { work, buildbot } = await setup({
    files: {
      'run.sh':
        '#!/bin/sh\ntest -x tool && test -L link && test "$(readlink link)" = tool && test ! -e old\n',
      tool: 'x',
      old: 'o',
    },
  });
  await chmod(join(work, 'tool'), 0o755);
  await symlink('tool', join(work, 'link'));
  await rename(join(work, 'old'), join(work, 'newer'));
  expect((await buildbot(work, ['try', '--quiet'])).code).toBe(0);
});
