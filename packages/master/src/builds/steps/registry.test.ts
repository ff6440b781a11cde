import { masterConfigSchema } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { eligibleWorkers, recipesOf } from '../recipes.ts';
import { checkStep, planStep, stepSchemas } from './registry.ts';

test('a good step has no problems and its rules have their defaults', () => {
  const git = { type: 'git', repository: '/srv/project.git', mode: 'full', method: 'fresh' };
  expect(checkStep(git)).toEqual([]);
  expect(planStep(git).rules).toMatchObject({
    name: 'git',
    label: 'git',
    haltOnFailure: true,
    flunkOnFailure: true,
  });
  const shell = { type: 'shell', name: 'test', command: 'make test', timeout: '20m', warnOnFailure: true };
  expect(planStep(shell).rules).toMatchObject({
    name: 'test',
    label: 'make test',
    haltOnFailure: false,
    warnOnFailure: true,
  });
});

test('names what is wrong, where, and what was probably meant', () => {
  expect(checkStep({ type: 'shel', command: 'x' })).toEqual([
    { path: ['type'], message: 'there is no step type "shel"', hint: 'did you mean "shell"?', isKey: false },
  ]);
  expect(checkStep({ type: 'shell', command: 'x', timeot: 5 })).toEqual([
    { path: ['timeot'], message: 'unknown key', hint: 'did you mean "timeout"?', isKey: true },
  ]);
  const [problem] = checkStep({ type: 'shell', command: 'x', timeout: 'soon' });
  expect(problem).toMatchObject({
    path: ['timeout'],
    message: expect.stringContaining("'soon' is not a duration"),
  });
  expect(checkStep({ type: 'shell', command: 'x', decodeRC: { 2: 'fine' } })[0]?.path).toEqual([
    'decodeRC',
    '2',
  ]);
  expect(checkStep({ type: 'shell', command: 'x', workdir: '../x' })[0]?.path).toEqual(['workdir']);
  expect(checkStep({ type: 'git', repository: 'x', workdir: '.' })[0]?.path).toEqual(['workdir']);
  expect(checkStep({ type: 'shell' })[0]?.path).toEqual(['command']);
});

test('every type has a schema for editors', () => {
  for (const schema of stepSchemas().values()) {
    expect(schema.toJSONSchema({ io: 'input', unrepresentable: 'any' })).toMatchObject({ type: 'object' });
  }
});

const config = masterConfigSchema.parse({
  workers: [
    { name: 'w1', password: 'x', tags: ['linux', 'big'], properties: { arch: 'x64' } },
    { name: 'w2', password: 'x', tags: ['linux'] },
  ],
  builders: [
    {
      name: 'b',
      workers: { tags: ['linux'] },
      steps: [
        { type: 'shell', command: 'a' },
        { type: 'shell', command: 'b' },
      ],
    },
  ],
});

test('workers are eligible by name or by all of the tags', () => {
  const [builder] = config.builders;
  if (builder === undefined) throw new Error('no builder');
  expect(eligibleWorkers(builder, config.workers)).toEqual(['w1', 'w2']);
  expect(eligibleWorkers({ ...builder, workers: { tags: ['linux', 'big'] } }, config.workers)).toEqual([
    'w1',
  ]);
  expect(eligibleWorkers({ ...builder, workers: ['w2'] }, config.workers)).toEqual(['w2']);
});

test('a recipe has ids, unique step names and the properties of its workers', () => {
  const worker = {
    configured: true,
    connected: false,
    availability: 'eager',
    availabilityRule: '',
    availabilityReason: null,
    availabilityUntil: null,
    admin: null,
    maxBuilds: 1,
    suspect: null,
    losses: 0,
    missingAt: null,
    awayAt: null,
    silentAt: null,
  } as const;
  const info = { admin: null, host: null, accessUri: null, version: null, system: null, cpus: null };
  const workers = ['w1', 'w2'].map((name, i) => ({
    ...worker,
    name,
    workerId: i + 7,
    tags: [],
    paused: false,
    graceful: false,
    info,
  }));
  const builders = [{ builderId: 3, name: 'b', description: null, tags: [], configured: true }];
  const recipes = recipesOf(config, { builders, workers });
  expect(recipes.of(3)?.workerIds).toEqual([7, 8]);
  expect(recipes.of(3)?.steps.map(({ rules }) => rules.name)).toEqual(['shell', 'shell_1']);
  expect(recipes.workerProperties(7)).toEqual({ arch: 'x64' });
  expect(recipes.of(4)).toBeUndefined();
});
