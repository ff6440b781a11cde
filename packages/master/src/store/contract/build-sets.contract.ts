/** Build sets, source stamps, patches, try jobs, changes, rebuilds. */
import { EVERYTHING, type Properties } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import type { NewPatch } from '../../ports/records.ts';
import { type MakePlace, STAMP, World } from './world.contract.ts';

const PATCH: NewPatch = {
  level: 1,
  subdir: 'lib',
  author: 'Alice <alice@example.org>',
  comment: 'try this',
  body: Buffer.from('diff --git a/x b/x\n\0\xff binary too\n', 'latin1'),
  tree: 'b'.repeat(40),
};
const JOB = { jobId: 'job-1', scheduler: 'try', user: 'alice', sha256: 'f'.repeat(64) };

export function buildSetsContract(makePlace: MakePlace): void {
  describe('build sets', () => {
    test('makes one pending request per builder, in their order', async () => {
      const world = await World.make(makePlace);
      const { store, linux, mac } = world;
      const added = await store.addBuildSet(world.buildSet({ builderIds: [mac, linux], priority: 7 }));
      expect(added.requests.map(({ builderId }) => builderId)).toEqual([mac, linux]);
      expect(await store.pendingRequests()).toMatchObject([
        {
          requestId: added.requests[0]?.requestId,
          builderId: mac,
          priority: 7,
          attempts: 0,
          lastWorkerId: null,
        },
        {
          requestId: added.requests[1]?.requestId,
          builderId: linux,
          priority: 7,
          attempts: 0,
          lastWorkerId: null,
        },
      ]);
    });

    test('keeps properties of every JSON kind', async () => {
      const world = await World.make(makePlace);
      const properties: Properties = {
        a: [1.5, 's'],
        b: ['x', 't'],
        c: [null, ''],
        d: [{ k: [true, 'ü'] }, 'u'],
      };
      const { buildSetId } = await world.store.addBuildSet(world.buildSet({ properties }));
      expect(await world.store.buildSetProperties(buildSetId)).toEqual(properties);
      expect(await world.store.buildSetProperties(buildSetId + 1)).toBeNull();
    });

    test('completes a build set that asks for nothing at once', async () => {
      const world = await World.make(makePlace);
      const told = await world.toldBy(() => world.store.addBuildSet(world.buildSet({ builderIds: [] })));
      expect(told.map((path) => path.split('/').at(-1))).toEqual(['new', 'complete']);
    });

    test('keeps one row of equal source stamps, and tells null from empty', async () => {
      const world = await World.make(makePlace);
      const stamps = [STAMP, { ...STAMP }, { ...STAMP, branch: null }, { ...STAMP, branch: '' }];
      for (const stamp of stamps) await world.store.addBuildSet(world.buildSet({ sourceStamps: [stamp] }));
      const { rows } = await world.store.query('sourcestamps', EVERYTHING);
      expect(rows.map(({ branch }) => branch)).toEqual(['main', null, '']);
    });

    test('hands a patch back byte for byte, also after a restart', async () => {
      const world = await World.make(makePlace);
      const sourceStamps = [{ ...STAMP, patch: PATCH }];
      const { requests } = await world.store.addBuildSet(world.buildSet({ sourceStamps }));
      await world.reopen();
      const claimed = await world.claim(requests[0]?.requestId as number);
      const patch = claimed?.buildSet.sourceStamps[0]?.patch;
      expect(patch).toMatchObject({ level: 1, subdir: 'lib', bytes: PATCH.body.length, tree: PATCH.tree });
      const body = await world.store.patchBody(patch?.patchId as number);
      expect(Buffer.from(body ?? []).equals(PATCH.body)).toBe(true);
      expect(await world.store.patchBody(999)).toBeNull();
    });

    test('takes a try job in once, however often it comes', async () => {
      const world = await World.make(makePlace);
      const set = world.buildSet({ externalId: JOB.jobId, sourceStamps: [{ ...STAMP, patch: PATCH }] });
      const intakes = await Promise.all([
        world.store.acceptTryJob(JOB, set),
        world.store.acceptTryJob(JOB, set),
      ]);
      await world.reopen();
      intakes.push(await world.store.acceptTryJob(JOB, set));
      expect(intakes.map(({ status }) => status).sort()).toEqual(['added', 'repeat', 'repeat']);
      const first = intakes[0];
      for (const intake of intakes) expect({ ...intake, status: '' }).toEqual({ ...first, status: '' });
      expect(await world.store.pendingRequests()).toHaveLength(1);
      expect(await world.store.tryJob(JOB.jobId)).toMatchObject({ ...JOB, state: 'accepted', reason: null });
    });

    test('refuses another job under an id that is taken', async () => {
      const world = await World.make(makePlace);
      await world.store.acceptTryJob(JOB, world.buildSet());
      const other = { ...JOB, sha256: 'e'.repeat(64) };
      expect(await world.store.acceptTryJob(other, world.buildSet())).toEqual({ status: 'conflict' });
    });

    test('remembers that a job was refused, and why', async () => {
      const world = await World.make(makePlace);
      await world.store.refuseTryJob(JOB, 'no such builder');
      await world.store.refuseTryJob(JOB, 'another reason');
      const intake = await world.store.acceptTryJob(JOB, world.buildSet());
      expect(intake).toEqual({ status: 'refused-before', reason: 'no such builder' });
      expect(await world.store.pendingRequests()).toEqual([]);
    });

    test('keeps an accepted job accepted when a late refusal comes', async () => {
      const world = await World.make(makePlace);
      await world.store.acceptTryJob(JOB, world.buildSet());
      await world.store.refuseTryJob(JOB, 'late');
      expect((await world.store.tryJob(JOB.jobId))?.state).toBe('accepted');
      expect(await world.store.tryJob('unknown')).toBeNull();
    });

    test('repeats a build with its source, properties, builder and priority', async () => {
      const world = await World.make(makePlace);
      const sourceStamps = [
        { ...STAMP, patch: PATCH },
        { ...STAMP, codebase: 'lib' },
      ];
      const properties: Properties = { x: [1, 'try'] };
      const { requests } = await world.store.addBuildSet(
        world.buildSet({ sourceStamps, properties, priority: 3 }),
      );
      const old = await world.claim(requests[0]?.requestId as number);
      const added = await world.store.rebuild(old?.build.buildId as number, 'bob');
      if (added === null || added === 'conflict') throw new Error('it was not repeated');
      const again = await world.claim(added.requests[0]?.requestId as number);
      expect(again?.buildSet).toMatchObject({
        submitter: 'bob',
        reason: 'rebuild of linux/1 by bob',
        rebuiltBuildId: old?.build.buildId,
        sourceStamps: old?.buildSet.sourceStamps,
        properties,
      });
      expect(again?.request.priority).toBe(3);
      expect(await world.store.rebuild(999, 'bob')).toBeNull();
    });

    test('row 34: makes one build set of the same wish, however often and wherever it is repeated', async () => {
      const world = await World.make(makePlace);
      const once = { key: 'k1', digest: 'wish' };
      const set = world.buildSet({ submitter: 'alice' });
      const both = [world.store.addBuildSetOnce(set, once), world.store.addBuildSetOnce(set, once)];
      const [first, second] = await Promise.all(both);
      expect(second).toEqual(first);
      await world.reopen();
      expect(await world.store.addBuildSetOnce(set, once)).toEqual(first);
      expect(await world.store.madeOnce('alice', once)).toEqual(first);
      expect((await world.store.query('buildsets', EVERYTHING)).total).toBe(1);
    });

    test('row 34: one key is for one wish of one submitter', async () => {
      const world = await World.make(makePlace);
      const once = { key: 'k1', digest: 'wish' };
      await world.store.addBuildSetOnce(world.buildSet({ submitter: 'alice' }), once);
      const other = { ...once, digest: 'another' };
      expect(await world.store.addBuildSetOnce(world.buildSet({ submitter: 'alice' }), other)).toBe(
        'conflict',
      );
      expect(await world.store.madeOnce('alice', other)).toBe('conflict');
      expect(await world.store.madeOnce('bob', once)).toBeNull();
      expect(await world.store.addBuildSetOnce(world.buildSet({ submitter: 'bob' }), once)).toMatchObject({
        buildSetId: 2,
      });
    });

    test('row 34: a rebuild that is repeated is made once', async () => {
      const world = await World.make(makePlace);
      const { requests } = await world.store.addBuildSet(world.buildSet());
      const old = await world.claim(requests[0]?.requestId as number);
      const buildId = old?.build.buildId as number;
      const once = { key: 'k1', digest: 'wish' };
      const first = await world.store.rebuild(buildId, 'bob', once);
      expect(await world.store.rebuild(buildId, 'bob', once)).toEqual(first);
      expect(await world.store.rebuild(buildId, 'bob', { ...once, digest: 'another' })).toBe('conflict');
      expect(await world.store.rebuild(buildId, 'bob')).not.toEqual(first);
    });

    test('keeps changes with their source stamp', async () => {
      const world = await World.make(makePlace);
      const change = {
        author: 'alice',
        committer: null,
        branch: 'main',
        revision: 'c1',
        category: null,
        codebase: '',
        project: 'p',
        repository: 'r',
        comments: 'fix\nall',
        files: ['a.c', 'b "c".c'],
        revlink: null,
        properties: { x: ['y', 'Change'] } satisfies Properties,
        at: world.clock.now(),
      };
      const told = await world.toldBy(async () => {
        expect(await world.store.addChange(change)).toMatchObject(change);
      });
      const { rows } = await world.store.query('changes', EVERYTHING);
      expect(rows[0]).toMatchObject({ files: change.files, sourcestamp: { revision: 'c1' } });
      expect(told).toEqual([`changes/${rows[0]?.changeid}/new`]);
    });
  });
}
