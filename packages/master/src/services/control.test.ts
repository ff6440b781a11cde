import { EVERYTHING, SUCCESS } from '@buildbot/shared';
import { expect, test, vi } from 'vitest';
import { systemClock } from '../clock.ts';
import type { ForceInput } from '../ports/control.ts';
import type { SchedulerPlan } from '../ports/schedulers.ts';
import type { Store } from '../ports/store.ts';
import { BuildWorld } from '../testing/build-world.ts';
import { MasterControl } from './control.ts';

const steps = [{ type: 'shell', command: ['echo', '%(prop:flavour:-plain)s'] }];
const config = {
  workers: [{ name: 'w1', password: 'x' }],
  builders: ['linux', 'mac', 'other'].map((name) => ({ name, workers: ['w1'], steps })),
  schedulers: [{ type: 'force' as const, name: 'force', builders: ['linux', 'mac'] }],
};

const nothing: ForceInput = {
  builderIds: [],
  reason: '',
  branch: null,
  revision: null,
  repository: '',
  project: '',
  properties: {},
  priority: null,
};

async function setup() {
  const world = await BuildWorld.make({ config });
  const plan: SchedulerPlan = {
    schedulerId: world.registered.schedulers[0]?.schedulerId ?? 0,
    name: 'force',
    type: 'force',
    builders: ['linux', 'mac'].map((name) => ({ name, builderId: world.builderId(name) })),
    properties: { flavour: 'vanilla', fixed: 1 },
    priority: 4,
    maxPriority: 6,
  };
  const { store, dispatch } = world;
  const control = new MasterControl({
    store,
    clock: systemClock,
    running: dispatch,
    schedulers: () => [plan],
    stopMaster: () => undefined,
  });
  return { world, plan, control, [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose]() };
}

test("forces all of a scheduler's builders with the submitter's properties over its own", async () => {
  await using here = await setup();
  const added = await here.control.force(
    'force',
    { ...nothing, reason: 'try it', properties: { flavour: 'mint' } },
    'alice',
  );
  if ('refused' in added) throw new Error(added.refused);
  expect(added.requests.map(({ builderId }) => builderId)).toEqual(
    here.plan.builders.map(({ builderId }) => builderId),
  );
  const set = await here.world.buildSetEnd(added.buildSetId);
  expect(set).toMatchObject({
    results: SUCCESS,
    reason: 'forced by alice: try it',
    submitter: 'alice',
    scheduler: 'force',
  });
  const [build] = await here.world.builds();
  expect((await here.world.logBytes(build?.buildid ?? 0, 0)).toString()).toBe('mint\n');
  expect(await here.world.store.buildProperties(build?.buildid ?? 0)).toMatchObject({
    fixed: [1, 'Scheduler'],
    owner: ['alice', 'Force Build Form'],
  });
});

test.each<[string, string, Partial<ForceInput>, string]>([
  ['an unknown scheduler', 'nonesuch', {}, "there is no force scheduler 'nonesuch'"],
  ['a strange builder', 'force', { builderIds: [999] }, "the scheduler 'force' has no builder 999"],
  [
    'a reserved property',
    'force',
    { properties: { buildername: 'x' } },
    "the property 'buildername' is set by the build and cannot be given",
  ],
  ['a bad property', 'force', { properties: { x: undefined } }, 'bad property x: Invalid input'],
])('%s is refused', async (_what, scheduler, input, reason) => {
  await using here = await setup();
  expect(await here.control.force(scheduler, { ...nothing, ...input }, 'alice')).toEqual({ refused: reason });
});

test('a scheduler that is switched off makes no builds until it is on again', async () => {
  await using here = await setup();
  await here.control.setSchedulerEnabled(here.plan.schedulerId, false);
  expect(await here.control.force('force', nothing, 'alice')).toEqual({
    refused: "the scheduler 'force' is switched off",
  });
  await here.control.setSchedulerEnabled(here.plan.schedulerId, true);
  expect(await here.control.force('force', nothing, 'alice')).toHaveProperty('buildSetId');
});

test('row 34: a repeat is answered as the first time was, whatever the scheduler takes by now', async () => {
  await using here = await setup();
  const once = { key: 'k1', digest: 'wish' };
  const first = await here.control.force('force', nothing, 'alice', once);
  await here.control.setSchedulerEnabled(here.plan.schedulerId, false);
  expect(await here.control.force('force', nothing, 'alice', once)).toEqual(first);
  expect((await here.world.store.query('buildsets', EVERYTHING)).total).toBe(1);
  expect(await here.control.force('force', nothing, 'alice', { ...once, digest: 'another' })).toEqual({
    refused: 'this idempotency_key was given for something else before',
    isConflict: true,
  });
});

test('a build can be repeated', async () => {
  await using here = await setup();
  const first = await here.world.build('linux', { properties: { flavour: ['sour', 'try build'] } });
  const added = await here.control.rebuild(first.buildid, 'bob');
  if ('refused' in added) throw new Error(added.refused);
  expect((await here.world.buildSetEnd(added.buildSetId)).rebuilt_buildid).toBe(first.buildid);
  const [, second] = await here.world.builds();
  expect((await here.world.logBytes(second?.buildid ?? 0, 0)).toString()).toBe('sour\n');
  expect(await here.control.rebuild(999, 'bob')).toEqual({ refused: 'there is no build 999' });
});

test('what is not there is named; what has ended is left as it is', async () => {
  await using here = await setup();
  await expect(here.control.stopBuild(999, 'alice', '')).rejects.toThrow('there is no build 999');
  await expect(here.control.cancelRequest(999, 'alice', '')).rejects.toThrow('there is no build request 999');
  await expect(here.control.setPriority(999, 1)).rejects.toThrow('is not waiting any more');
  const build = await here.world.build('linux');
  await here.control.stopBuild(build.buildid, 'alice', 'too late');
  await here.control.cancelRequest(build.buildrequestid ?? 0, 'alice', 'too late');
  expect((await here.world.builds())[0]).toMatchObject({
    results: SUCCESS,
    state_string: 'build successful',
  });
});

test('a priority may be asked for as far as the scheduler allows, and lower ones always', async () => {
  await using here = await setup();
  const force = (priority: number) => here.control.force('force', { ...nothing, priority }, 'alice');
  const prioritiesOf = async (asked: number) => {
    const added = await force(asked);
    if ('refused' in added) throw new Error(added.refused);
    const { rows } = await here.world.store.query('buildrequests', EVERYTHING);
    return rows.filter(({ buildsetid }) => buildsetid === added.buildSetId).map(({ priority }) => priority);
  };
  expect(await prioritiesOf(6)).toEqual([6, 6]);
  expect(await prioritiesOf(-3)).toEqual([-3, -3]);
  expect(await force(7)).toEqual({
    refused: "the priority 7 is above what the scheduler 'force' allows, which is 6",
  });
});

test('a raised priority overtakes', async () => {
  await using here = await setup();
  const { world, control } = here;
  await control.controlWorker(world.workerId('w1'), 'pause', '');
  const sets = [await world.request('linux'), await world.request('linux')];
  const [first, second] = sets.map(({ requests }) => requests[0]?.requestId ?? 0);
  const waits = async () => world.dispatch.waitingReason(second ?? 0) === 'worker w1 is paused' || undefined;
  await world.eventually('both wait', waits);
  await control.setPriority(second ?? 0, 5);
  await control.controlWorker(world.workerId('w1'), 'unpause', '');
  for (const { buildSetId } of sets) await world.buildSetEnd(buildSetId);
  expect((await world.builds()).map(({ buildrequestid }) => buildrequestid)).toEqual([second, first]);
});

test('no build is told to stop before the order is durable', async () => {
  await using world = await BuildWorld.make({ config, isIdle: true });
  const written = Promise.withResolvers<'ordered'>();
  const store: Store = Object.assign(Object.create(world.store), { orderStop: () => written.promise });
  const running = { stopBuild: vi.fn(), withdrawBuildsFrom: vi.fn() };
  const control = new MasterControl({
    ...{ store, clock: systemClock, running },
    schedulers: () => [],
    stopMaster: () => undefined,
  });
  const stopping = control.stopBuild(1, 'alice', 'enough');
  await new Promise((resolve) => setImmediate(resolve));
  expect(running.stopBuild).not.toHaveBeenCalled();
  written.resolve('ordered');
  await stopping;
  expect(running.stopBuild).toHaveBeenCalledOnce();
});
