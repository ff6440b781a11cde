/** A worker that is frozen past its grace, through a whole installation: its build passes elsewhere, and its late words change nothing. */
import { readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { isAlive, type Program, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

/** The first attempt tells its process id and talks for ever; the next one passes. */
const SCRIPT = `cd ../../../..
  if [ -e pid ]; then echo passed; exit 0; fi
  echo $$ > pid.new; mv pid.new pid; while :; do echo late; sleep 0.05; done`;

/** Everything that subscribers of these events were told since the first event. */
function eventsOf({ basedir }: World, path: string): () => string {
  let told = '';
  const request = get({
    socketPath: join(basedir, 'master.sock'),
    path: `/api/v2/events?from=0&path=${path}`,
  });
  request.on('response', (response) => {
    response.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    response.on('error', () => undefined);
  });
  request.on('error', () => undefined);
  onTestFinished(() => void request.destroy());
  return () => told;
}

function frozen(worker: Program): () => void {
  worker.child.kill('SIGSTOP');
  const thaw = (): void => void worker.child.kill('SIGCONT');
  onTestFinished(thaw);
  return thaw;
}

test('row 9: a build whose worker froze passes on another one, and nothing that the first says later counts', async () => {
  const world = await createWorld({
    workers: 2,
    maxBuilds: 1,
    builders: { linux: [{ type: 'shell', name: 'test', command: SCRIPT }] },
    config: {
      workerLink: { keepalive: '1s', timeout: '500ms', grace: '1500ms' },
      retry: { delay: '500ms' },
    },
  });
  onTestFinished(() => world.remove());
  const stale = eventsOf(world, 'workers/*/notes/stale');
  const following = world.startBuildbot(await world.clone(), ['try', '--json']);
  const log = async () => (await world.apiBytes('/api/v2/logs/1/raw').catch(() => Buffer.of())).toString();
  await until('the first attempt has spoken', async () => (await log()).includes('late'));
  const pid = Number(await readFile(join(world.dir, 'pid'), 'utf8'));
  const { builds: begun } = await world.api<{ builds: { workerid: number }[] }>('/api/v2/builds');
  const first = begun[0]?.workerid as number;
  const { workers } = await world.api<{ workers: { name: string }[] }>(`/api/v2/workers/${first}`);
  const worker = world.workers.find(({ stdout }) => stdout().includes(`${workers[0]?.name} `)) as Program;
  const thaw = frozen(worker);

  const { code, stdout } = await following.finished;
  expect([code, JSON.parse(stdout)]).toMatchObject([0, { result: 'success' }]);
  const before = await log();
  expect(await isAlive(pid)).toBe(true);
  thaw();
  await until('its process has ended', async () => !(await isAlive(pid)));
  await until('its words were refused', async () => stale().includes('"what":"log"'));
  const refused = [...stale().matchAll(/^data: (\{"k":.*)$/gm)].map(
    (match) => JSON.parse(match[1] as string).k,
  );
  expect(new Set(refused)).toEqual(new Set([`workers/${first}/notes/stale`]));

  expect(await log()).toBe(before);
  const { builds } = await world.api<{ builds: object[] }>('/api/v2/builds?order=buildid');
  expect(builds).toMatchObject([
    { workerid: first, results: 5, infrastructure: true },
    { workerid: 3 - first, results: 0, infrastructure: false },
  ]);
  const { buildrequests } = await world.api<{ buildrequests: object[] }>('/api/v2/buildrequests');
  expect(buildrequests).toMatchObject([{ complete: true, results: 0 }]);
  expect(worker.child.exitCode).toBeNull();
}, 60_000);
