import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExternalError, encodeTryJob, type TryJob } from '@buildbot/shared';
import { expect, test, vi } from 'vitest';
import type { SchedulerPlan } from '../ports/schedulers.ts';
import type { JobFileRead, TryDirectory } from '../ports/try-directory.ts';
import { BuildWorld, silentLogger } from '../testing/build-world.ts';
import { JobIntake } from './try-intake.ts';

const config = {
  workers: [{ name: 'w1', password: 'x' }],
  builders: ['linux', 'mac', 'secret'].map((name) => ({
    name,
    workers: ['w1'],
    steps: [{ type: 'shell', command: 'true' }],
  })),
  schedulers: [{ type: 'try' as const, name: 'try', builders: ['linux', 'mac'] }],
};

const body = 'diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n';
const job: TryJob = {
  jobId: 'job-1',
  branch: 'main',
  baserev: 'f'.repeat(40),
  patchLevel: 1,
  patch: new TextEncoder().encode(body),
  repository: '/home/alice/project',
  project: '',
  who: 'Mallory <m@example.org>',
  comment: 'please',
  builderNames: [],
  properties: { flavour: 'mint' },
  tree: null,
  priority: null,
  client: null,
};

/** A maildir without the proofs of the real one, which `try/` tests. */
class PlainDirectory implements TryDirectory {
  readonly path: string;
  readonly moved: string[] = [];
  readonly #failed = new Map<string, string>();
  constructor(path: string) {
    this.path = path;
  }
  async list(): Promise<string[]> {
    return await readdir(this.path);
  }
  async read(name: string): Promise<JobFileRead> {
    if (name === 'bad') return { status: 'bad', reason: 'it is a symbolic link' };
    const reason = this.#failed.get(name);
    if (reason !== undefined) return { status: 'failed', reason };
    const bytes = await readFile(join(this.path, name)).catch(() => null);
    return bytes === null ? { status: 'gone' } : { status: 'found', place: 'new', bytes, user: 'alice' };
  }
  async accept(name: string): Promise<void> {
    this.moved.push(`${name} accepted`);
  }
  async refuse(name: string, reason: string): Promise<void> {
    this.moved.push(`${name} refused: ${reason}`);
    this.#failed.set(name, reason);
  }
  async dropUploads(): Promise<string[]> {
    return [];
  }
}

async function setup() {
  const world = await BuildWorld.make({ config, isIdle: true });
  const directory = new PlainDirectory(join(world.folder, 'new'));
  await mkdir(directory.path);
  const plan: SchedulerPlan = {
    schedulerId: world.registered.schedulers[0]?.schedulerId ?? 0,
    name: 'try',
    type: 'try',
    builders: ['linux', 'mac'].map((name) => ({ name, builderId: world.builderId(name) })),
    properties: { flavour: 'vanilla', trusted: false },
    priority: 2,
    maxPriority: 5,
  };
  let current = plan;
  const deps = {
    store: world.store,
    directory,
    scheduler: () => current,
    maxJobBytes: 100_000,
    logger: silentLogger,
  };
  return {
    world,
    directory,
    plan,
    intake: new JobIntake(deps),
    reconfigure: (change: Partial<SchedulerPlan>) => {
      current = { ...plan, ...change };
    },
    submit: async (name: string, change: Partial<TryJob> = {}) =>
      await writeFile(join(directory.path, name), encodeTryJob({ ...job, ...change })),
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

async function buildSets(world: BuildWorld) {
  return (await world.store.query('buildsets', { filters: [], order: [], limit: null, offset: 0 })).rows;
}

test('a job has the priority it asks for as far as the scheduler allows, else that of the scheduler', async () => {
  await using here = await setup();
  const priorities = [5, -1, 0, null];
  for (const [index, priority] of priorities.entries()) {
    await here.submit(`f${index}`, { jobId: `job-${index}`, priority, builderNames: ['linux'] });
    expect(await here.intake.take(`f${index}`)).toMatchObject({ status: 'accepted' });
  }
  const pending = await here.world.store.pendingRequests();
  expect(pending.map(({ priority }) => priority).toSorted((a, b) => b - a)).toEqual([5, 2, 0, -1]);
  await here.submit('f', { jobId: 'job-x', priority: 6 });
  expect(await here.intake.take('f')).toMatchObject({
    status: 'refused',
    reason: "the priority 6 is above what the scheduler 'try' allows, which is 5",
  });
});

test('row 17: a job that the store has no space for waits where it is, and is taken in once when there is', async () => {
  await using here = await setup();
  const { store } = here.world;
  const full = new ExternalError('database', 'the disk is full', { isPassing: true });
  const accept = vi.spyOn(store, 'acceptTryJob').mockRejectedValueOnce(full);
  await here.submit('f');
  expect(await here.intake.take('f')).toEqual({
    status: 'kept',
    reason: 'database: the disk is full; the job waits in the try directory for space',
  });
  expect([here.directory.moved, await buildSets(here.world)]).toEqual([[], []]);
  // Its submitter cannot know, and hands it in again: the same job under another file name.
  await here.submit('again');
  const taken = await here.intake.take('again');
  expect(taken).toMatchObject({ status: 'accepted' });
  expect(await here.intake.take('f')).toEqual(taken);
  expect(await buildSets(here.world)).toHaveLength(1);
  accept.mockRejectedValueOnce(new Error('a bug'));
  await here.submit('other', { jobId: 'job-2' });
  await expect(here.intake.take('other')).rejects.toThrow('a bug');
});

test('queues a job on all builders of its scheduler, in the name of who is proven', async () => {
  await using here = await setup();
  await here.submit('f');
  const verdict = await here.intake.take('f');
  expect(verdict).toMatchObject({ status: 'accepted', requests: [{ builder: 'linux' }, { builder: 'mac' }] });
  expect(here.directory.moved).toEqual(['f accepted']);
  const [set] = await buildSets(here.world);
  expect(set).toMatchObject({
    external_idstring: 'job-1',
    reason: "'try' job by user alice",
    submitter: 'alice',
    scheduler: 'try',
    sourcestamps: [
      {
        branch: 'main',
        revision: job.baserev,
        patch: { author: 'Mallory <m@example.org>', comment: 'please', level: 1 },
      },
    ],
  });
  expect(await here.world.store.buildSetProperties(set?.bsid ?? 0)).toMatchObject({
    flavour: ['mint', 'try build'],
    trusted: [false, 'Scheduler'],
    owner: ['alice', 'try build'],
  });
  const [first] = await here.world.store.pendingRequests();
  expect(first?.priority).toBe(2);
});

test('the same job again is answered the same and builds nothing twice, whoever asks and when', async () => {
  await using here = await setup();
  await here.submit('f');
  await here.submit('g');
  const verdicts = await Promise.all(['f', 'f', 'g', 'f'].map((file) => here.intake.take(file)));
  expect(new Set(verdicts.map((verdict) => JSON.stringify(verdict))).size).toBe(1);
  expect(await buildSets(here.world)).toHaveLength(1);
});

test('another job under a known id is refused', async () => {
  await using here = await setup();
  await here.submit('f');
  await here.intake.take('f');
  await here.submit('g', { comment: 'another' });
  expect(await here.intake.take('g')).toMatchObject({
    status: 'refused',
    reason: 'the job id job-1 was used before, by another job',
  });
  expect(await buildSets(here.world)).toHaveLength(1);
});

test('an accepted job stays accepted when the configuration has changed meanwhile', async () => {
  await using here = await setup();
  await here.submit('f', { builderNames: ['mac'] });
  const first = await here.intake.take('f');
  here.reconfigure({ builders: here.plan.builders.slice(0, 1) });
  const second = await here.intake.take('f');
  expect(second).toMatchObject({
    status: 'accepted',
    buildSetId: first.status === 'accepted' ? first.buildSetId : -1,
  });
});

test('builds only the builders that are named, in the order of the scheduler', async () => {
  await using here = await setup();
  await here.submit('f', { builderNames: ['mac'] });
  expect(await here.intake.take('f')).toMatchObject({ requests: [{ builder: 'mac' }] });
});

test.each<[string, Partial<TryJob>, string, string | null]>([
  [
    'an unknown builder',
    { builderNames: ['linux', 'linix'] },
    "the scheduler 'try' has no builder 'linix'; it has linux, mac",
    "did you mean 'linux'?",
  ],
  [
    'a builder that is not for trying',
    { builderNames: ['secret'] },
    "the scheduler 'try' has no builder 'secret'; it has linux, mac",
    null,
  ],
  [
    'a patch that leaves the tree',
    { patch: new TextEncoder().encode(body.replaceAll('a.txt', '../a.txt')) },
    'this patch is not taken: line 1: the name',
    null,
  ],
])('%s is refused with the reason, before anything is queued', async (_what, change, reason, hint) => {
  await using here = await setup();
  await here.submit('f', change);
  const verdict = await here.intake.take('f');
  expect(verdict).toMatchObject({ status: 'refused', reason: expect.stringContaining(reason), hint });
  expect(here.directory.moved[0]).toContain(`f refused: ${reason}`);
  // Whoever asks after the watcher was told gets the same answer.
  expect(await here.intake.take('f')).toEqual(verdict);
  expect(await buildSets(here.world)).toEqual([]);
  expect(await here.world.store.tryJob('job-1')).toMatchObject({ state: 'refused', user: 'alice' });
});

test('what is no job, may not be read or is not there is refused', async () => {
  await using here = await setup();
  await writeFile(join(here.directory.path, 'f'), '1:7,2:{},');
  expect(await here.intake.take('f')).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining("unknown version '7'"),
  });
  expect(await here.intake.take('bad')).toMatchObject({ status: 'refused', reason: 'it is a symbolic link' });
  expect(await here.intake.take('nonesuch')).toMatchObject({
    status: 'refused',
    reason: 'there is no such job file',
  });
  expect(here.directory.moved).toHaveLength(2);
});

test('a reserved property is refused by name', async () => {
  await using here = await setup();
  const json = JSON.stringify({
    jobid: 'j',
    branch: '',
    baserev: '',
    patch_level: 1,
    patch_body: null,
    builderNames: [],
    properties: { buildername: 'x' },
  });
  await writeFile(join(here.directory.path, 'f'), `1:5,${json.length}:${json},`);
  expect(await here.intake.take('f')).toMatchObject({
    status: 'refused',
    reason: expect.stringContaining("'buildername'"),
  });
});

test('a scheduler that is switched off takes nothing', async () => {
  await using here = await setup();
  await here.world.store.setSchedulerEnabled(here.plan.schedulerId, false);
  await here.submit('f');
  expect(await here.intake.take('f')).toMatchObject({
    status: 'refused',
    reason: "the scheduler 'try' is switched off",
  });
});
