/** Our `buildbot try` hands its jobs to a real Buildbot's master through that Buildbot's own `tryserver`. */
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Finished, until } from '../support/processes.ts';
import { REAL_BUILDBOT, type RealMaster, startRealMaster } from '../support/real-buildbot.ts';
import { publicKeyOf } from '../support/sshd.ts';
import { createWorld, type World } from '../support/world.ts';

/** Without Debian's package there is nothing to test with; under CI that is a failure (tools/test.mjs). */
const withRealBuildbot = test.skipIf(!existsSync(REAL_BUILDBOT));
/** The real master looks into its try directory every 10 s. */
const BUILD_TIMEOUT_MS = 45_000;
/** Starting Python twice, the poll and the build, with room for a busy machine. */
const TEST_TIMEOUT_MS = 120_000;

interface Setup extends World {
  real: RealMaster;
  work: string;
  /** Our client, on the way to the real master as `host`. */
  tryAt(host: string, ...options: string[]): Promise<Finished>;
  /** What the build saw of the files that `makeDirty` changed, once the build has run. */
  built(): Promise<Buffer>;
}

async function setup(): Promise<Setup> {
  const world = await createWorld({ start: false });
  onTestFinished(() => world.remove());
  const seen = join(world.dir, 'seen');
  const script = `cat committed.txt hello.txt blob > ${seen}.part && mv ${seen}.part ${seen}`;
  const master = await startRealMaster(world.dir, world.upstream, ['sh', '-c', script]);
  onTestFinished(() => master.stop());
  const work = await world.clone();
  return Object.assign(world, {
    real: master,
    work,
    tryAt: (host: string, ...options: string[]) => {
      const where = ['--host', host, '--jobdir', master.jobdir, '--buildbotbin', REAL_BUILDBOT];
      return world.buildbot(work, ['try', ...where, '-b', 'linux', ...options]);
    },
    built: () =>
      until('the real master to build', () => readFile(seen).catch(() => null), BUILD_TIMEOUT_MS).catch(
        async (error: unknown) => {
          throw new Error(`${String(error)}\n${await master.log()}`, { cause: error });
        },
      ),
  });
}

/** A key for the real master's machine as SSH host `alias`; `options` stand before it in `authorized_keys`. */
async function addKey({ ssh, sshd }: World, alias: string, options: string): Promise<void> {
  const key = await ssh.newKey(`key-${alias}`);
  await sshd.authorize(`${options}${await publicKeyOf(key)}`);
  await ssh.addHost(alias, { ...sshd, clientKey: key });
}

async function makeDirty({ work, git }: Setup): Promise<Buffer> {
  const blob = Buffer.from([0, 1, 255, 13, 10]);
  await writeFile(join(work, 'committed.txt'), 'never pushed\n');
  await git(work, 'add', 'committed.txt');
  await git(work, 'commit', '-q', '-m', 'unpushed');
  await writeFile(join(work, 'hello.txt'), 'changed\n');
  await writeFile(join(work, 'blob'), blob);
  return Buffer.concat([Buffer.from('never pushed\nchanged\n'), blob]);
}

withRealBuildbot(
  'a server that does not know --attach gets the job in a second call, and builds the patched tree',
  async () => {
    const world = await setup();
    await addKey(world, 'shell', '');
    const tree = await makeDirty(world);
    const { code, stdout, stderr } = await world.tryAt('shell');
    expect([code, stderr]).toEqual([75, '']);
    expect(stdout).toContain("delivered: the server took the job in Buildbot's plain protocol");
    expect(stdout).toContain('--api');
    expect(await world.built()).toEqual(tree);
  },
  TEST_TIMEOUT_MS,
);

withRealBuildbot(
  'a forced command that never sees --attach gets the job on the same channel after a silence',
  async () => {
    const world = await setup();
    const command = `${REAL_BUILDBOT} tryserver --jobdir ${world.real.jobdir}`;
    await addKey(world, 'forced', `restrict,command="${command}" `);
    const tree = await makeDirty(world);
    const { code, stderr } = await world.tryAt('forced');
    expect([code, stderr]).toEqual([75, '']);
    expect(await world.built()).toEqual(tree);
    expect(world.sshd.log().match(/Starting session: forced-command/g)).toHaveLength(1);
  },
  TEST_TIMEOUT_MS,
);

withRealBuildbot(
  'what the real tryserver fails with is passed on',
  async () => {
    const world = await setup();
    await addKey(world, 'shell', '');
    await rm(join(world.real.jobdir, 'tmp'), { recursive: true });
    const { code, stderr } = await world.tryAt('shell');
    expect([code, stderr]).toEqual([4, expect.stringContaining('No such file or directory')]);
  },
  TEST_TIMEOUT_MS,
);
