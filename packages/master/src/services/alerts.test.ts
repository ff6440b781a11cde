import { expect, test } from 'vitest';
import type { Alert } from '../core/alert.ts';
import { BuildWorld, silentLogger } from '../testing/build-world.ts';
import { stressStartStop } from '../testing/stress-start-stop.ts';
import { Alerts, type AlertsDeps } from './alerts.ts';

/** A world with one worker that is away, and one request that can be put on the shelf. */
async function worldOf(): Promise<BuildWorld> {
  const builders = [{ name: 'linux', workers: ['w1'], steps: [{ type: 'shell', command: 'true' }] }];
  return await BuildWorld.make({
    config: { workers: [{ name: 'w1', password: 'x' }], builders },
    isIdle: true,
  });
}

/** One alert: the worker is missing, or back. */
async function cause(world: BuildWorld, what: 'missing' | 'returned'): Promise<void> {
  const workerId = world.workerId('w1');
  if (what === 'returned') return await world.store.setWorkerState(workerId, { connected: true });
  await world.store.setWorkerState(workerId, { connected: false });
  await world.store.markMissing(workerId);
}

class Told {
  readonly alerts: Alert[] = [];
  /** What to answer: failures first, then `null` for ever. */
  readonly failures: string[] = [];

  readonly tell: NonNullable<AlertsDeps['tell']> = async (json) => {
    this.alerts.push(JSON.parse(json) as Alert);
    return this.failures.shift() ?? null;
  };

  get kinds(): string[] {
    return this.alerts.map(({ alert }) => alert);
  }
}

function alertsTo(world: BuildWorld, tell: AlertsDeps['tell']): Alerts {
  return new Alerts({ store: world.store, logger: silentLogger, tell, retryDelaysMs: [0, 0] });
}

async function until(world: BuildWorld, what: string, isSo: () => boolean): Promise<void> {
  await world.eventually(what, async () => (isSo() ? true : undefined));
}

test('tells of a missing worker and of its return, once and in order', async () => {
  await using world = await worldOf();
  const told = new Told();
  const alerts = alertsTo(world, told.tell);
  await alerts.start();
  await cause(world, 'missing');
  await cause(world, 'returned');
  await until(world, 'both are told', () => told.kinds.length === 2);
  await alerts.stop();
  expect(told.alerts).toMatchObject([
    {
      schema: 'buildbot.alert/1',
      alert: 'worker-missing',
      severity: 'critical',
      text: 'worker w1 has been away for longer than the grace',
      worker: { name: 'w1' },
    },
    { alert: 'worker-returned', severity: 'ok', text: 'worker w1 is connected again' },
  ]);
});

test('tells of a shelved request by the name of its builder', async () => {
  await using world = await worldOf();
  const told = new Told();
  const alerts = alertsTo(world, told.tell);
  await alerts.start();
  const { requests, buildSetId } = await world.request('linux');
  const requestId = requests[0]?.requestId as number;
  const place = { workerId: world.workerId('w1'), masterId: world.masterId, builddir: 'linux' };
  const claimed = await world.store.claim({ requestId, ...place });
  await world.store.finishBuild({
    buildId: claimed?.build.buildId as number,
    ...{ results: 4, stateString: 'lost', infrastructure: true, worker: null },
    request: { kind: 'shelve', reason: 'worker w1 was lost' },
  });
  await until(world, 'it is told', () => told.kinds.length === 1);
  await alerts.stop();
  expect(told.alerts[0]).toMatchObject({
    alert: 'request-shelved',
    text: `request ${requestId} on linux is shelved: worker w1 was lost; to try again: buildbot unshelve ${requestId}`,
    request: { id: requestId, buildSetId, builder: 'linux', failures: 1, reason: 'worker w1 was lost' },
  });
});

test('tells again what failed, passes over what keeps failing, and goes on', async () => {
  await using world = await worldOf();
  const told = new Told();
  told.failures.push('no network', 'no network', 'no network', 'no network');
  const alerts = alertsTo(world, told.tell);
  await alerts.start();
  await cause(world, 'missing');
  await cause(world, 'returned');
  await until(world, 'both are dealt with', () => told.kinds.length === 5);
  await alerts.stop();
  expect(told.kinds).toEqual([
    ...Array.from({ length: 3 }, () => 'worker-missing'),
    ...Array.from({ length: 2 }, () => 'worker-returned'),
  ]);
  expect(new Set(told.alerts.map(({ id }) => id)).size).toBe(2);
});

test('what the end of the master cut off is told by the next one, and so is what came in between', async () => {
  await using world = await worldOf();
  const begun = Promise.withResolvers<void>();
  const cutOff = alertsTo(world, async (_, signal) => {
    begun.resolve();
    return await new Promise((resolve) => signal.addEventListener('abort', () => resolve('stopped')));
  });
  await cutOff.start();
  await cause(world, 'missing');
  await begun.promise;
  await cutOff.stop();
  await cause(world, 'returned');
  const told = new Told();
  const next = alertsTo(world, told.tell);
  await next.start();
  await until(world, 'both are told', () => told.kinds.length === 2);
  await next.stop();
  expect(told.kinds).toEqual(['worker-missing', 'worker-returned']);
});

test('who switches alerts on hears of nothing that happened before', async () => {
  await using world = await worldOf();
  const off = alertsTo(world, null);
  await off.start();
  await cause(world, 'missing');
  await off.stop();
  const told = new Told();
  const on = alertsTo(world, told.tell);
  await on.start();
  await cause(world, 'returned');
  await until(world, 'it is told', () => told.kinds.length > 0);
  await on.stop();
  expect(told.kinds).toEqual(['worker-returned']);
});

test('starts and stops in any order', async () => {
  await using world = await worldOf();
  await stressStartStop(alertsTo(world, new Told().tell));
});
