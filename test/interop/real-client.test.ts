/** Debian's real `buildbot try --connect=ssh` hands its jobs to our `tryserver` through a real sshd. */
import { existsSync } from 'node:fs';
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Finished, program, run, until } from '../support/processes.ts';
import { REAL_BUILDBOT } from '../support/real-buildbot.ts';
import { createWorld, type World } from '../support/world.ts';

/** Without Debian's package there is nothing to test with; under CI that is a failure (tools/test.mjs). */
const withRealBuildbot = test.skipIf(!existsSync(REAL_BUILDBOT));

interface Setup extends World {
  work: string;
  /** The real client in the working copy. */
  realTry(...options: string[]): Promise<Finished>;
  /** The log of the step `test` of the newest build, once that has ended. */
  builtLog(buildSetId: number): Promise<Buffer>;
}

async function setup(): Promise<Setup> {
  const world = await createWorld();
  onTestFinished(() => world.remove());
  const work = await world.clone();
  const words = ['--connect=ssh', '--ssh', `ssh -F ${world.ssh.configFile}`, '--host', 'alice'];
  const more = ['--jobdir', world.jobdir, '--vc', 'git', '--repository', world.upstream];
  return Object.assign(world, {
    work,
    realTry: (...options: string[]) =>
      run([REAL_BUILDBOT, 'try', ...words, ...more, ...options], { cwd: work, env: world.env }),
    builtLog: (buildSetId: number) => builtLog(world, buildSetId),
  });
}

async function builtLog({ api, apiBytes }: World, buildSetId: number): Promise<Buffer> {
  await until('the build set to end', async () => {
    const { buildsets } = await api<{ buildsets: { complete: boolean }[] }>(
      `/api/v2/buildsets/${buildSetId}`,
    );
    return buildsets[0]?.complete;
  });
  const { logs } = await api<{ logs: { logid: number }[] }>(`/api/v2/builds/${buildSetId}/steps/test/logs`);
  return apiBytes(`/api/v2/logs/${logs[0]?.logid}/raw`);
}

const DELIVERED = [
  "using 'ssh' connect method",
  'job created',
  expect.stringMatching(/^accepted, build set \d+$/),
  'job has been delivered',
  'not waiting for builds to finish',
];

withRealBuildbot('a dirty working copy is built as it is, in the name of the key', async () => {
  const { work, realTry, builtLog, git, api, jobdir } = await setup();
  await appendFile(join(work, 'hello.txt'), 'unstaged\n');
  await writeFile(join(work, 'staged.txt'), 'staged\n');
  await git(work, 'add', 'staged.txt');
  await writeFile(join(work, 'run.sh'), '#!/bin/sh\ncat hello.txt staged.txt\n', { mode: 0o755 });
  const { code, stdout, stderr } = await realTry('-b', 'linux', '--who', 'somebody else');
  expect([code, stderr, stdout.trim().split('\n')]).toEqual([0, '', DELIVERED]);
  expect((await builtLog(1)).toString()).toBe('hello\nunstaged\nstaged\n');
  const [job] = await readdir(join(jobdir, 'cur'));
  expect((await readFile(join(jobdir, 'cur', job as string))).subarray(0, 4).toString()).toBe('1:5,');
  const { buildsets } = await api<{ buildsets: { reason: string; results: number }[] }>('/api/v2/buildsets');
  expect(buildsets).toMatchObject([{ results: 0, reason: expect.stringContaining('alice') }]);
});

withRealBuildbot('a diff that is not UTF-8 arrives byte for byte', async () => {
  const { work, realTry, builtLog, jobdir } = await setup();
  const latin1 = Buffer.from([0x67, 0x72, 0xfc, 0xdf, 0x65, 0x0a]);
  await writeFile(join(work, 'hello.txt'), latin1);
  expect((await realTry('-b', 'linux')).code).toBe(0);
  expect(await builtLog(1)).toEqual(Buffer.concat([Buffer.from('the test ran\n'), latin1]));
  const [job] = await readdir(join(jobdir, 'cur'));
  expect((await readFile(join(jobdir, 'cur', job as string))).subarray(0, 4).toString()).toBe('1:6,');
});

withRealBuildbot('a job without builders goes to all, and properties arrive', async () => {
  const { realTry, builtLog, api } = await setup();
  expect((await realTry('--properties', 'color=blue,size=2')).code).toBe(0);
  await builtLog(1);
  const { properties } = await api<{ properties: Record<string, [unknown, string]>[] }>(
    '/api/v2/builds/1/properties',
  );
  expect(properties[0]).toMatchObject({
    color: ['blue', expect.any(String)],
    size: ['2', expect.any(String)],
  });
});

withRealBuildbot('a refused job says why and does not leave the client hanging', async () => {
  const { realTry, api, jobdir } = await setup();
  const { code, stderr } = await realTry('-b', 'linus');
  expect(stderr).toMatch(/^buildbot tryserver: refused: .*no builder 'linus'.*\(did you mean 'linux'\?\)\n$/);
  expect(code).toBe(0);
  expect(await readdir(join(jobdir, 'failed'))).toHaveLength(2);
  expect((await api<{ buildsets: object[] }>('/api/v2/buildsets')).buildsets).toEqual([]);
});

test('on the machine itself the exit status of a refused job is the truth', async () => {
  const { jobdir } = await setup();
  const job = '1:1,5:job-1,0:,0:,1:1,0:,5:linus,';
  const argv = program('cli', 'tryserver', '--jobdir', jobdir);
  const atHome = { ...process.env, SSH_CONNECTION: undefined, SSH_ORIGINAL_COMMAND: undefined };
  const { code, stderr } = await run(argv, { input: job, env: atHome });
  expect([code, stderr]).toEqual([1, expect.stringContaining("no builder 'linus'")]);
});
