/**
 * Failures of the infrastructure with real processes: a build that kills whatever worker it runs on, a worker machine
 * that never comes back, and one that is half dead. None of them is the source's fault, and none of them loops.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { end, type Program, program, run, until } from '../support/processes.ts';
import { createWorld, type World, type WorldOptions } from '../support/world.ts';

/** Kills its worker as long as the file `go` is not there. */
const KILLER = 'test -e ../../../../go && exit 0; kill -9 $(cat ../../../worker.pid); exec sleep 600';

interface Build {
  buildid: number;
  workerid: number;
  results: number | null;
  infrastructure: boolean;
  state_string: string;
}

async function setup(options: WorldOptions): Promise<World & { work: string; builds(): Promise<Build[]> }> {
  const world = await createWorld({ workers: 2, maxBuilds: 1, ...options });
  onTestFinished(() => world.remove());
  const builds = async () => (await world.api<{ builds: Build[] }>('/api/v2/builds?order=buildid')).builds;
  return Object.assign(world, { work: await world.clone(), builds });
}

/** What a service manager does: start each worker anew whenever it has ended. */
function keepAlive(world: World): void {
  let isOver = false;
  onTestFinished(() => {
    isOver = true;
  });
  const watch = async (index: number, worker: Program): Promise<void> => {
    await worker.finished;
    if (!isOver) await watch(index, await world.startWorker(index));
  };
  // A worker that is being started when the test ends is ended with the world.
  for (const index of [0, 1]) void watch(index, processOf(world, `w${index + 1}`)).catch(() => undefined);
}

function processOf({ workers }: World, name: string): Program {
  const worker = workers.find(({ stdout }) => stdout().includes(`${name} `));
  if (worker === undefined) throw new Error(`no process of ${name}`);
  return worker;
}

async function alertsOf({ basedir }: World): Promise<{ alert: string; request?: object; worker?: object }[]> {
  const text = await readFile(join(basedir, 'alerts'), 'utf8').catch(() => '');
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

test('row 8: a build that kills its worker is tried on another one, then shelved for a person', async () => {
  const world = await setup({
    builders: { linux: [{ type: 'shell', name: 'kill', command: KILLER }] },
    config: {
      retry: { delay: '1s', factor: 1 },
      alerts: { command: ['sh', '-c', 'cat >> alerts'] },
    },
  });
  keepAlive(world);
  const tried = await world.buildbot(world.work, ['try', '--json']);
  expect([tried.code, tried.stderr]).toEqual([4, '']);
  expect(JSON.parse(tried.stdout)).toMatchObject({
    exitCode: 4,
    complete: false,
    builds: [{ requestId: 1, state: 'shelved', attempt: 3 }],
  });
  const builds = await world.builds();
  expect(builds.map(({ results, infrastructure }) => [results, infrastructure])).toEqual([
    ...[5, 5].map((results) => [results, true]),
    [4, true],
  ]);
  const [first, second, third] = builds;
  expect(first?.workerid).not.toBe(second?.workerid);
  expect(first?.state_string).toMatch(
    /^worker w\d died or was restarted while .* \(failure 1 of 3, tried again after 1s\)$/,
  );
  expect(third?.state_string).toMatch(/^shelved after 3 attempts: .*; to try again: buildbot unshelve 1$/);
  const [alert] = await until('the alert command has its JSON', async () => {
    const alerts = await alertsOf(world);
    return alerts.some(({ alert: kind }) => kind === 'request-shelved') ? alerts : null;
  });
  expect(alert).toMatchObject({
    schema: 'buildbot.alert/1',
    request: { id: 1, builder: 'linux', failures: 3 },
  });

  const metrics = (await world.apiBytes('/metrics')).toString();
  expect(metrics).toContain('buildbot_requests{state="shelved"} 1');
  expect(metrics).toContain('buildbot_builds_total{result="exception",infrastructure="yes"} 1');
  const checks = await run(program('master', 'status', '--checks', world.basedir));
  expect(checks.stdout).toMatch(
    /^\[\d+\] PROCESS_SERVICE_CHECK_RESULT;[^;]+;buildbot queue;1;0 waiting, 1 request shelved: 1$/m,
  );

  await writeFile(join(world.dir, 'go'), '');
  const unshelved = await world.buildbot(world.work, ['unshelve', '1']);
  expect([unshelved.code, unshelved.stdout, unshelved.stderr]).toEqual([0, 'request 1 is tried again\n', '']);
  const watched = await world.buildbot(world.work, ['watch', '1', '--json']);
  expect([watched.code, JSON.parse(watched.stdout).result]).toEqual([0, 'success']);
}, 60_000);

test('row 8: a worker that never comes back loses its build to another one', async () => {
  const world = await setup({
    builders: {
      linux: [
        {
          ...{ type: 'shell', name: 'test' },
          command: 'test -e ../../../../go && exit 0; touch ../../../../go; exec sleep 600',
        },
      ],
    },
    config: {
      workerLink: { keepalive: '2s', timeout: '1s', grace: '3s' },
      retry: { delay: '1s' },
      alerts: { command: ['sh', '-c', 'cat >> alerts'] },
    },
  });
  const following = world.startBuildbot(world.work, ['try', '--json']);
  const lost = await until('a build runs on a worker', async () => {
    const [build] = await world.builds();
    const { steps } = await world.api<{ steps: object[] }>('/api/v2/steps/1').catch(() => ({ steps: [] }));
    return steps?.length > 0 ? build : null;
  });
  await until('its command has begun', () => readFile(join(world.dir, 'go')).catch(() => null));
  const name = (await world.api<{ workers: { name: string }[] }>(`/api/v2/workers/${lost.workerid}`))
    .workers[0]?.name;
  await end(processOf(world, String(name)), 'SIGKILL');
  expect((await following.finished).code).toBe(0);
  const builds = await world.builds();
  expect(builds.map(({ results, infrastructure }) => [results, infrastructure])).toEqual([
    [5, true],
    [0, false],
  ]);
  expect(builds[1]?.workerid).not.toBe(lost.workerid);
  await until('somebody hears that the worker is missing', async () =>
    (await alertsOf(world)).some(({ alert }) => alert === 'worker-missing'),
  );
  const listed = await world.buildbot(world.work, ['workers']);
  expect(listed.stdout).toMatch(new RegExp(`^${name} +host down .*away since`, 'm'));
}, 60_000);

test('W5: a half-dead worker costs no build, only the time of the ping', async () => {
  const world = await setup({ config: { workerLink: { ping: '1s' } } });
  // Of two that are alike the first is taken.
  const { pid } = processOf(world, 'w1').child;
  if (pid === undefined) throw new Error('w1 does not run');
  process.kill(pid, 'SIGSTOP');
  const tried = await world.buildbot(world.work, ['try', '--json']);
  expect(tried.code).toBe(0);
  const { workers } = await world.api<{ workers: { workerid: number; name: string; losses: number }[] }>(
    '/api/v2/workers',
  );
  const other = workers.find(({ name }) => name === 'w2');
  expect(await world.builds()).toMatchObject([{ results: 0, workerid: other?.workerid }]);
  expect(workers.map(({ losses }) => losses)).toEqual([0, 0]);
}, 60_000);
