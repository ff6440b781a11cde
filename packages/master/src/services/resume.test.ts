/**
 * A master that goes away leaves its builds where they are; the next one goes on with them. Here the two are two lives of
 * one dispatch on one store, and the worker's commands are real processes that outlive the first.
 */
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BuildResource, CANCELLED, FAILURE, RETRY, SUCCESS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import type { PlannedStep, Recipe, Recipes } from '../ports/recipe.ts';
import type { Store } from '../ports/store.ts';
import { BuildWorld, EAGER_RETRY, silentLogger } from '../testing/build-world.ts';
import { Dispatch } from './dispatch.ts';

const workers = [{ name: 'w1', password: 'x', maxBuilds: 2 }];

function oneBuilder(...commands: (string | Record<string, unknown>)[]) {
  const steps = commands.map((command) => ({
    type: 'shell',
    ...(typeof command === 'string' ? { command } : command),
  }));
  return { workers, builders: [{ name: 'linux', workers: ['w1'], steps }] };
}

/** Notes that it ran, says that it runs, and waits until the test lets it go on. */
const WAITING = 'echo ran >> notes; echo begun; while [ ! -e go ]; do sleep 0.02; done; echo ended';

const tree = (world: BuildWorld, name: string): string => join(world.root('w1'), 'linux', 'build', name);

async function ran(world: BuildWorld): Promise<number> {
  const notes = await readFile(tree(world, 'notes'), 'utf8').catch(() => '');
  return notes.split('\n').filter(Boolean).length;
}

/** A build that waits in its command at step `number`. */
async function waiting(world: BuildWorld, number: number): Promise<{ buildId: number; buildSetId: number }> {
  const { buildSetId } = await world.request('linux');
  const { buildId } = await world.runningBuild();
  await world.eventually(`step ${number} waits`, async () => {
    const log = await world.logBytes(buildId, number).catch(() => '');
    return log.toString() === 'begun\n' ? true : undefined;
  });
  return { buildId, buildSetId };
}

/** The next master on the same store, with recipes of its own, and verbs of the store that a test has replaced. */
async function nextMaster(
  world: BuildWorld,
  change: (recipe: Recipe) => Recipe,
  replaced: Partial<Store> = {},
) {
  await world.dispatch.stop();
  const all = new Map([...world.recipes.all()].map((recipe) => [recipe.builderId, change(recipe)]));
  const recipes: Recipes = { ...world.recipes, of: (id) => all.get(id), all: () => all.values() };
  const { pool, masterId } = world;
  const store: Store = Object.assign(Object.create(world.store), replaced);
  const deps = { store, pool, masterId, clock: systemClock, logger: silentLogger, retry: EAGER_RETRY };
  const dispatch = new Dispatch({ ...deps, recipes: () => recipes });
  await dispatch.start();
  return { dispatch, [Symbol.asyncDispose]: async () => await dispatch.stop() };
}

/** The recipe with another step in place of one. */
function replacing(number: number, change: Partial<PlannedStep>) {
  return (recipe: Recipe): Recipe => ({
    ...recipe,
    steps: recipe.steps.map((step, index) => (index === number ? { ...step, ...change } : step)),
  });
}

async function firstBuild(world: BuildWorld): Promise<BuildResource> {
  return await world.eventually('the first attempt has ended', async () =>
    (await world.builds()).find(({ buildid, complete }) => buildid === 1 && complete),
  );
}

test('a build goes on where it is: what has ended is not run again, what runs is waited for', async () => {
  const first = 'echo first >> notes; echo one';
  await using world = await BuildWorld.make({ config: oneBuilder(first, WAITING, 'echo three') });
  const { buildId, buildSetId } = await waiting(world, 1);
  await world.dispatch.stop();
  expect(await world.store.build(buildId)).toMatchObject({ completeAt: null });
  await world.dispatch.start();
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect(await world.builds()).toMatchObject([{ attempt: 1, results: SUCCESS }]);
  expect(await readFile(tree(world, 'notes'), 'utf8')).toBe('first\nran\n');
  const logs = await Promise.all([0, 1, 2].map((number) => world.logBytes(buildId, number)));
  expect(logs.map(String)).toEqual(['one\n', 'begun\nended\n', 'three\n']);
});

test('an outcome that came before the master went away is handed back at once', async () => {
  const held = Promise.withResolvers<void>();
  let lives = 0;
  const run: PlannedStep['run'] = async (context) => {
    lives++;
    const log = await context.log('stdio', 's');
    await log.append('h', 'one\n');
    const command = { kind: 'exec', workdir: '', env: {}, output: 'capture' } as const;
    const { text } = (await context.run({ ...command, command: 'echo ran >> notes; echo it' })) as {
      text: string;
    };
    await context.setProperty('got', text.trim(), 'test');
    await log.append('h', 'two\n');
    if (lives === 1) await held.promise;
    await context.run({ ...command, command: ['echo', context.interpolate('%(prop:got)s')] });
    return { results: SUCCESS, stateString: 'done' };
  };
  await using world = await BuildWorld.make({ config: oneBuilder('true'), change: replacing(0, { run }) });
  const { buildSetId } = await world.request('linux');
  await world.eventually('the first command has its outcome', async () =>
    (await world.logBytes(1, 0).catch(() => '')).toString() === 'one\ntwo\n' ? true : undefined,
  );
  expect(await world.store.buildProperties(1)).not.toHaveProperty('got');
  const stopped = world.dispatch.stop();
  held.resolve();
  await stopped;
  await world.dispatch.start();
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect(lives).toBe(2);
  expect(world.pool.asked.map(({ key }) => key)).toEqual(['1.1.0.0', '1.1.0.1']);
  expect((await world.logBytes(1, 0)).toString()).toBe('one\ntwo\n');
  expect(await world.store.buildProperties(1)).toMatchObject({ got: ['it', 'test'] });
});

test('it goes on with the properties as its steps left them, and the environment as it began', async () => {
  const config = oneBuilder('true', WAITING, 'echo %(prop:level)s $LEVEL');
  const levels = { env: { LEVEL: '%(prop:level)s' }, properties: { level: 'initial' } };
  const run: PlannedStep['run'] = async (context) => {
    await context.setProperty('level', 'later', 'test');
    return { results: SUCCESS, stateString: 'done' };
  };
  await using world = await BuildWorld.make({
    config: { workers, builders: config.builders.map((builder) => ({ ...builder, ...levels })) },
    change: replacing(0, { run }),
  });
  const { buildId, buildSetId } = await waiting(world, 1);
  await world.dispatch.stop();
  await world.dispatch.start();
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect((await world.logBytes(buildId, 2)).toString()).toBe('later initial\n');
});

test('a pause that was over before is not waited for again', async () => {
  let lives = 0;
  const run: PlannedStep['run'] = async (context) => {
    // The second time longer than any test waits.
    await context.pause(++lives === 1 ? 1 : 600_000);
    await context.run({ kind: 'exec', workdir: 'build', env: {}, command: WAITING });
    return { results: SUCCESS, stateString: 'done' };
  };
  await using world = await BuildWorld.make({ config: oneBuilder('true'), change: replacing(0, { run }) });
  const { buildSetId } = await waiting(world, 0);
  await world.dispatch.stop();
  await world.dispatch.start();
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect(lives).toBe(2);
});

test('its folder stays its own: a build that comes later gets another', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  const { buildSetId } = await waiting(world, 0);
  await world.dispatch.stop();
  await world.request('linux');
  await world.dispatch.start();
  await world.eventually('the second build', async () => (world.pool.asked.length === 2 ? true : undefined));
  expect(world.pool.asked.map(({ command }) => command.builddir)).toEqual(['linux', 'linux.2']);
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
});

test('a step changed in the configuration meanwhile begins the build anew, and nothing is counted', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder('true', WAITING) });
  await waiting(world, 1);
  await using _ = await nextMaster(world, replacing(0, { written: { type: 'shell', command: 'false' } }));
  expect(await firstBuild(world)).toMatchObject({
    results: RETRY,
    state_string: "step 'shell' was changed in the configuration while the master was away",
  });
  expect(await world.store.buildOfRequest(1)).toMatchObject({ requestId: 1 });
});

test('a step that comes later may be another', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING, 'exit 1') });
  const { buildSetId } = await waiting(world, 0);
  const run: PlannedStep['run'] = async () => ({ results: SUCCESS, stateString: 'the new one' });
  await using _ = await nextMaster(world, replacing(1, { run, written: { type: 'shell', command: 'new' } }));
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect((await world.steps(1)).map(({ state_string }) => state_string)).toContain('the new one');
});

test.each<[string, (recipe: Recipe) => Recipe]>([
  ['environment', (recipe) => ({ ...recipe, env: { LEVEL: '9' } })],
  ['properties', (recipe) => ({ ...recipe, properties: { level: 9 } })],
])('another %s of the builder begins the build anew', async (_name, change) => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  await waiting(world, 0);
  await using _ = await nextMaster(world, change);
  expect(await firstBuild(world)).toMatchObject({
    results: RETRY,
    state_string: 'the environment or the properties of the builder were changed while the master was away',
  });
});

test('a builder taken out of the configuration meanwhile ends the build, not the request', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  await waiting(world, 0);
  await world.dispatch.stop();
  const recipes: Recipes = { ...world.recipes, of: () => undefined, all: () => [] };
  const { store, pool, masterId } = world;
  const deps = { store, pool, masterId, clock: systemClock, logger: silentLogger };
  const dispatch = new Dispatch({ ...deps, recipes: () => recipes });
  await dispatch.start();
  expect(await firstBuild(world)).toMatchObject({
    results: RETRY,
    state_string: 'its builder was taken out of the configuration while the master was away',
  });
  expect(await store.pendingRequests()).toHaveLength(1);
  await dispatch.stop();
});

test('a damaged row ends its own build; the others go on', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  const first = await waiting(world, 0);
  const second = await world.request('linux');
  await world.eventually('the second build', async () => (world.pool.asked.length === 2 ? true : undefined));
  await world.dispatch.stop();
  await using _ = await nextMaster(world, (recipe) => recipe, {
    takeUpBuilds: async (masterId) =>
      (await world.store.takeUpBuilds(masterId)).map((past) =>
        past.build.buildId === 1 ? { ...past, properties: {} } : past,
      ),
  });
  expect(await firstBuild(world)).toMatchObject({
    results: RETRY,
    state_string: 'its folder on the worker is not known any more',
  });
  await writeFile(tree(world, 'go'), '');
  await writeFile(join(world.root('w1'), 'linux.2', 'build', 'go'), '');
  for (const { buildSetId } of [first, second])
    expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect((await world.builds()).map(({ results }) => results)).toEqual([RETRY, SUCCESS, SUCCESS]);
});

test.each<[string, (lives: number) => string[], string]>([
  ['asks for something else', (life) => [`echo ${life}`], 'asked for something else'],
  ['asks for less', (life) => (life === 1 ? ['true'] : []), 'asked for less'],
])('a step whose code %s than before begins the build anew', async (_name, commands, reason) => {
  const held = Promise.withResolvers<void>();
  let lives = 0;
  const run: PlannedStep['run'] = async (context) => {
    const life = ++lives;
    const command = { kind: 'exec', workdir: '', env: {} } as const;
    for (const text of commands(life)) await context.run({ ...command, command: text });
    if (life === 1) await held.promise;
    return { results: SUCCESS, stateString: 'done' };
  };
  await using world = await BuildWorld.make({ config: oneBuilder('true'), change: replacing(0, { run }) });
  await world.request('linux');
  await world.eventually('the command has ended', async () =>
    (await world.store.command('1.1.0.0'))?.outcome ? true : undefined,
  );
  const stopped = world.dispatch.stop();
  held.resolve();
  await stopped;
  await world.dispatch.start();
  expect(await firstBuild(world)).toMatchObject({
    results: RETRY,
    state_string: `step 'shell' ${reason} than before the master was restarted`,
  });
});

test('a worker started anew while the master was away has lost what ran: tried again, never silently run twice', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  const { buildSetId } = await waiting(world, 0);
  await world.dispatch.stop();
  world.pool.lose(world.workerId('w1'), 'its process is gone');
  await world.connect('w1');
  await world.dispatch.start();
  expect(await firstBuild(world)).toMatchObject({
    results: RETRY,
    state_string: expect.stringContaining('worker w1 died or was restarted while '),
  });
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect((await world.builds()).map(({ attempt }) => attempt)).toEqual([1, 2]);
});

test('a master that dies between a lost step and the end of its build leaves no verdict behind', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  const { buildSetId } = await waiting(world, 0);
  const died = Promise.withResolvers<void>();
  const finishBuild = async (): Promise<never> => {
    died.resolve();
    throw new Error('killed before the commit');
  };
  {
    await using _dying = await nextMaster(world, (recipe) => recipe, { finishBuild });
    world.pool.lose(world.workerId('w1'), 'its process is gone');
    await died.promise;
  }
  await world.connect('w1');
  await world.dispatch.start();
  expect(await firstBuild(world)).toMatchObject({ results: RETRY, infrastructure: true });
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
});

test('an order to stop that came while the master was away ends the running command, then only tidying runs', async () => {
  const config = oneBuilder(WAITING, 'echo never', { command: 'touch tidied', alwaysRun: true });
  await using world = await BuildWorld.make({ config });
  const { buildId, buildSetId } = await waiting(world, 0);
  await world.dispatch.stop();
  await world.store.orderStop(buildId, { by: 'alice', reason: 'too late', at: 1 });
  await world.dispatch.start();
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
  expect(await world.builds()).toMatchObject([
    { results: CANCELLED, state_string: 'cancelled by alice: too late' },
  ]);
  expect(world.pool.stopped.map(({ key }) => key)).toEqual(['1.1.0.0']);
  expect((await world.steps(buildId)).map(({ number, results }) => [number, results])).toEqual([
    [0, CANCELLED],
    [2, SUCCESS],
  ]);
  await access(tree(world, 'tidied'));
});

test('a request cancelled while the master was away ends its build, too', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  const { buildSetId } = await waiting(world, 0);
  await world.dispatch.stop();
  await world.store.cancelRequest(1, { by: 'bob', reason: '', at: 1 });
  await world.dispatch.start();
  expect((await world.buildSetEnd(buildSetId)).results).toBe(CANCELLED);
  expect(await world.builds()).toMatchObject([{ state_string: 'cancelled by bob' }]);
});

test('a build whose failed step had ended goes on as it would have: only tidying is left', async () => {
  const config = oneBuilder({ command: 'exit 1', haltOnFailure: true }, 'echo never', {
    command: WAITING,
    alwaysRun: true,
  });
  await using world = await BuildWorld.make({ config });
  const { buildSetId } = await waiting(world, 1);
  await world.dispatch.stop();
  await world.dispatch.start();
  await writeFile(tree(world, 'go'), '');
  expect((await world.buildSetEnd(buildSetId)).results).toBe(FAILURE);
  expect(await ran(world)).toBe(1);
  expect((await world.steps(1)).map(({ number }) => number)).toEqual([0, 2]);
});

test('a master that drains starts nothing, says why, and is done when the last build is', async () => {
  await using world = await BuildWorld.make({ config: oneBuilder(WAITING) });
  const { buildSetId } = await waiting(world, 0);
  const drained = world.dispatch.drain();
  const { requests } = await world.request('linux');
  const requestId = requests[0]?.requestId ?? 0;
  expect(world.dispatch.waitingReason(requestId)).toMatch(/^the master starts nothing more/);
  await writeFile(tree(world, 'go'), '');
  await drained;
  expect((await world.buildSetEnd(buildSetId)).results).toBe(SUCCESS);
  expect(world.pool.asked).toHaveLength(1);
  await world.dispatch.stop();
  await world.dispatch.start();
  await world.eventually('it starts what was kept', async () =>
    world.pool.asked.length === 2 ? true : undefined,
  );
});

test('a master that starts knows on which worker a checkout is', async () => {
  const config = {
    workers: [...workers, { name: 'w2', password: 'x' }],
    builders: [{ name: 'linux', workers: ['w1', 'w2'], steps: [{ type: 'shell', command: 'true' }] }],
  };
  await using world = await BuildWorld.make({ config, isIdle: true });
  await world.dispatch.start();
  await world.connect('w2');
  await world.build('linux');
  await world.connect('w1');
  await using _next = await nextMaster(world, (recipe) => recipe);
  // Of two that are alike it would be the first.
  expect(await world.build('linux')).toMatchObject({ results: SUCCESS, workerid: world.workerId('w2') });
});
