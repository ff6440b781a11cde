/**
 * The master dies right before and right after each commit on the way of a build, one life after the other: `before`
 * nothing of it happened and nobody was told, `after` all of it did and nobody was told either. Whatever the next life
 * finds, every job is built once, every log is what its command wrote, and every test that it told of is there once.
 */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startWorker } from '@buildbot/worker';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { end, program, start, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

const VERBS = [
  'acceptTryJob',
  'claim',
  'beginBuild',
  'startStep',
  'appendLog',
  'putCommand',
  'openSession',
  'commitWorkerEffects',
  'keepTestResults',
  'finishStep',
  'finishBuild',
];
const POINTS = VERBS.flatMap((verb) => [`before-commit:${verb}`, `after-commit:${verb}`]);

/** Put a job straight into the try directory: accepted as soon as it is there, master or not. */
async function drop({ jobdir }: World, jobId: string): Promise<void> {
  const json = JSON.stringify({
    ...{ jobid: jobId, branch: 'main', baserev: '', patch_level: 1, patch_body: null, repository: '' },
    ...{ project: '', who: null, comment: null, builderNames: ['work'], properties: { id: jobId } },
  });
  await writeFile(join(jobdir, 'tmp', jobId), `1:5,${json.length}:${json},`);
  await rename(join(jobdir, 'tmp', jobId), join(jobdir, 'new', jobId));
}

/** A worker in this process that calls again sooner than one which minds its master: so many deaths take long enough. */
async function startEagerWorker({ basedir, dir }: World): Promise<void> {
  const { listen } = parse(await readFile(join(basedir, 'master.yaml'), 'utf8')) as {
    listen: { workers: string };
  };
  const worker = await startWorker({
    ...{ basedir: join(dir, 'w1'), name: 'w1', password: 'secret' },
    masters: [`ws://${listen.workers}`],
    environment: { PATH: process.env.PATH, HOME: dir },
    random: () => 0.01,
  });
  onTestFinished(() => worker.stop());
}

/** A life of the master that comes to its point and no further. */
async function liveUntil(world: World, point: string): Promise<void> {
  const env = { ...process.env, BUILDBOT_FAILPOINT: point };
  world.master = start(program('master', 'run', world.basedir), { env });
  const { child } = world.master;
  await until(`the end at ${point}`, async () => child.exitCode !== null || child.signalCode !== null);
  expect([point, child.signalCode, world.master.stderr()]).toEqual([point, 'SIGKILL', expect.any(String)]);
}

interface Build {
  buildid: number;
  attempt: number;
  results: number;
}

test('rows 5 and 6: a master that dies around any commit of a build loses and doubles nothing', async () => {
  const world = await createWorld({
    builders: {
      work: [
        { type: 'checkout' },
        {
          ...{ type: 'shell', name: 'count', tests: { format: 'tap' } },
          command: "echo %(prop:id)s >> ../../../../marks; seq 1 2000 | sed 's/.*/ok & - test &/'",
        },
      ],
    },
    start: false,
  });
  onTestFinished(() => world.remove());
  // The first life makes the folders.
  await end(await world.startMaster(), 'SIGKILL');
  await startEagerWorker(world);
  for (const point of POINTS) {
    await drop(world, point.replace(':', '-'));
    await liveUntil(world, point);
  }
  await world.startMaster();
  const requests = await until('every job to be built', async () => {
    const { buildrequests } = await world.api<{ buildrequests: { complete: boolean; results: number }[] }>(
      '/api/v2/buildrequests',
    );
    return (
      buildrequests.length === POINTS.length &&
      buildrequests.every(({ complete }) => complete) &&
      buildrequests
    );
  });
  expect(requests.map(({ results }) => results)).toEqual(POINTS.map(() => 0));
  const { builds } = await world.api<{ builds: Build[] }>('/api/v2/builds');
  expect(builds.map(({ attempt, results }) => [attempt, results])).toEqual(POINTS.map(() => [1, 0]));
  const marks = (await readFile(join(world.dir, 'marks'), 'utf8')).trim().split('\n');
  expect(marks.toSorted()).toEqual(POINTS.map((point) => point.replace(':', '-')).toSorted());
  const text = Array.from({ length: 2000 }, (_, i) => `ok ${i + 1} - test ${i + 1}\n`).join('');
  for (const { buildid } of builds) {
    const log = await world.apiBytes(`/api/v2/builds/${buildid}/steps/count/logs/stdio/raw_inline`);
    expect([buildid, sha256(log)]).toEqual([buildid, sha256(text)]);
    const { meta } = await world.api<{ meta: { total: number } }>(
      `/api/v2/builds/${buildid}/test_results?limit=1`,
    );
    expect([buildid, meta.total]).toEqual([buildid, 2000]);
    const git = (
      await world.apiBytes(`/api/v2/builds/${buildid}/steps/git/logs/stdio/raw_inline`)
    ).toString();
    // What the master itself said is there once, too.
    expect([buildid, git.split('$ git --version\n').length]).toEqual([buildid, 2]);
  }
}, 180_000);

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
