/** What a master of Buildbot may have and this one never has: looked for by the web UI and scripts, and found to be none. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from '../testing/world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
  await world.build();
});
afterAll(() => world.close());

describe('collections of what is not there are empty', () => {
  it.each([
    ['projects', 'projects'],
    ['projects?active=true', 'projects'],
    ['projects?order=name&limit=5', 'projects'],
    ['codebases', 'codebases'],
    ['changesources', 'changesources'],
    ['masters/1/changesources', 'changesources'],
    ['builds/1/data', 'build_data'],
    ['builders/1/builds/1/data', 'build_data'],
    ['builders/linux/builds/1/data', 'build_data'],
    ['builds/1/triggered_builds', 'builds'],
  ])('%s', async (path, plural) => {
    const response = await world.get(`/api/v2/${path}`);
    expect([response.status, await response.json()]).toEqual([200, { [plural]: [], meta: { total: 0 } }]);
  });
});

describe('one of them is an object that does not exist, not a path', () => {
  it.each([
    'projects/1',
    'projects/website',
    'projects/1/builders',
    'projects/1/codebases/main',
    'codebases/1',
    'codebases/1/branches',
    'codebases/1/commits',
    'codebases/1/commits_by_revision/abc',
    'branches/1',
    'commits/1',
    'changesources/1',
    'masters/1/changesources/1',
    'builds/1/data/coverage',
  ])('%s', async (path) => {
    const response = await world.get(`/api/v2/${path}`);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ error: expect.stringMatching(/^not found while getting/) });
  });
});

it('their fields are known: others cannot be asked for', async () => {
  const response = await world.get('/api/v2/projects?colour=red');
  expect([response.status, await response.json()]).toEqual([
    400,
    { error: "unrecognized query parameter 'colour'" },
  ]);
});

it('the root and the specification name them', async () => {
  const names = (await world.json('')).rootlinks?.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(
      'builders builds buildrequests workers buildsets changes changesources masters sourcestamps schedulers forceschedulers logchunks projects codebases'.split(
        ' ',
      ),
    ),
  );
  const types = (await world.json('/application.spec')).specs?.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(['project', 'codebase', 'branch', 'commit', 'build_data']));
});
