/** Claims, cancels, retries and priorities. */
import { CANCELLED, EXCEPTION, RETRY, type StopOrder } from '@buildbot/shared';
import { describe, expect, test } from 'vitest';
import { type MakePlace, World } from './world.contract.ts';

const ORDER: StopOrder = { by: 'alice', reason: 'wrong branch', at: 5 };

export function queueContract(makePlace: MakePlace): void {
  describe('queue', () => {
    test('lets exactly one of several claims win', async () => {
      const world = await World.make(makePlace);
      const requestId = await world.request();
      const claims = await Promise.all([1, 2, 3].map(() => world.claim(requestId)));
      expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
      expect(await world.store.pendingRequests()).toEqual([]);
    });

    test('numbers builds per builder from 1, also over restarts', async () => {
      const world = await World.make(makePlace);
      const numbers = [(await world.build()).build.number, (await world.build()).build.number];
      await world.reopen();
      numbers.push((await world.build()).build.number);
      const { requests } = await world.store.addBuildSet(world.buildSet({ builderIds: [world.mac] }));
      numbers.push((await world.claim(requests[0]?.requestId as number, world.w2))?.build.number as number);
      expect(numbers).toEqual([1, 2, 3, 1]);
    });

    test('hands the runner the build with its request, build set and properties', async () => {
      const world = await World.make(makePlace);
      const { build, request, buildSet } = await world.build({ who: ['alice', 'try'] });
      expect(build).toMatchObject({
        attempt: 1,
        workerId: world.w1,
        masterId: world.masterId,
        completeAt: null,
      });
      expect(request).toMatchObject({ state: 'claimed', attempts: 1, claimedAt: world.clock.now() });
      expect(buildSet.properties).toEqual({ who: ['alice', 'try'] });
      expect(await world.store.buildProperties(build.buildId)).toEqual({
        who: ['alice', 'try'],
        builddir: ['linux', 'Worker'],
      });
      expect(await world.store.build(build.buildId)).toEqual(build);
      expect(await world.store.buildOfRequest(request.requestId)).toEqual(build);
      expect(await world.store.takeUpBuilds(world.masterId)).toMatchObject([
        { build, request, buildSet, steps: [] },
      ]);
    });

    test('completes a pending request that is cancelled, and its build set', async () => {
      const world = await World.make(makePlace);
      const requestId = await world.request();
      const told = await world.toldBy(async () => {
        expect(await world.store.cancelRequest(requestId, ORDER)).toBe('cancelled');
      });
      expect(told).toEqual([`buildrequests/${requestId}/complete`, 'buildsets/1/complete']);
      expect(await world.claim(requestId)).toBeNull();
      expect(await world.store.cancelRequest(requestId, ORDER)).toBe('complete');
      expect(await world.store.cancelRequest(999, ORDER)).toBe('unknown');
    });

    test('only notes the cancel of a claimed request, and keeps the first', async () => {
      const world = await World.make(makePlace);
      const { request } = await world.build();
      expect(await world.store.cancelRequest(request.requestId, ORDER)).toBe('claimed');
      expect(await world.store.cancelRequest(request.requestId, { ...ORDER, by: 'bob' })).toBe('claimed');
      const [unfinished] = await world.store.takeUpBuilds(world.masterId);
      expect(unfinished?.request).toMatchObject({ state: 'claimed', cancel: ORDER });
    });

    test('puts a request back with its attempts, delay and the worker that lost it', async () => {
      const world = await World.make(makePlace);
      const { build, request } = await world.build();
      const notBefore = world.clock.now() + 60_000;
      const told = await world.toldBy(() =>
        world.store.finishBuild({
          buildId: build.buildId,
          results: RETRY,
          stateString: 'worker lost',
          infrastructure: true,
          request: { kind: 'retry', notBefore },
          worker: null,
        }),
      );
      expect(told.at(-1)).toBe(`buildrequests/${request.requestId}/unclaimed`);
      expect(await world.store.pendingRequests()).toMatchObject([
        { requestId: request.requestId, attempts: 1, notBefore, lastWorkerId: world.w1 },
      ]);
      const again = await world.claim(request.requestId, world.w2);
      expect(again?.build).toMatchObject({ attempt: 2, number: 2 });
      expect(again?.request.attempts).toBe(2);
      expect(await world.store.buildOfRequest(request.requestId)).toEqual(again?.build);
    });

    test('remembers a worker to be avoided that was taken out of service, and none after a changed recipe', async () => {
      const world = await World.make(makePlace);
      const { requests } = await world.store.addBuildSet(world.buildSet());
      const requestId = requests[0]?.requestId as number;
      const end = { results: RETRY, stateString: 'again', infrastructure: false, worker: null } as const;
      const lastAfter = async (elsewhere: { elsewhere?: true }) => {
        const build = (await world.claim(requestId))?.build;
        const back = { kind: 'retry', notBefore: null, ...elsewhere } as const;
        await world.store.finishBuild({ ...end, buildId: build?.buildId as number, request: back });
        const [again] = await world.store.pendingRequests();
        return again?.lastWorkerId;
      };
      expect(await lastAfter({})).toBeNull();
      expect(await lastAfter({ elsewhere: true })).toBe(world.w1);
    });

    test('never puts back a request that somebody cancelled', async () => {
      const world = await World.make(makePlace);
      const { build, request } = await world.build();
      await world.store.cancelRequest(request.requestId, ORDER);
      await world.store.finishBuild({
        buildId: build.buildId,
        results: RETRY,
        stateString: 'worker lost',
        infrastructure: true,
        request: { kind: 'retry', notBefore: null },
        worker: null,
      });
      expect(await world.store.pendingRequests()).toEqual([]);
      const completed = world.events.find(
        ({ paths }) => paths[0] === `buildrequests/${request.requestId}/complete`,
      );
      expect(completed?.body).toMatchObject({ results: CANCELLED, complete: true });
    });

    test('gives a build set the worst result of its requests, when the last is done', async () => {
      const world = await World.make(makePlace);
      const { store, linux, mac } = world;
      const { requests, buildSetId } = await store.addBuildSet(
        world.buildSet({ builderIds: [linux, mac, linux] }),
      );
      const results = [0, EXCEPTION, 2] as const;
      for (const [i, { requestId }] of requests.entries()) {
        const claimed = await world.claim(requestId, world.w2);
        const buildId = claimed?.build.buildId as number;
        const isLast = i === requests.length - 1;
        const told = await world.toldBy(() =>
          store.finishBuild({
            buildId,
            results: results[i] as 0,
            stateString: 'done',
            infrastructure: results[i] === EXCEPTION,
            request: { kind: 'complete' },
            worker: null,
          }),
        );
        expect(told.includes(`buildsets/${buildSetId}/complete`)).toBe(isLast);
      }
      const last = world.events.at(-1);
      expect(last?.body).toMatchObject({ bsid: buildSetId, results: EXCEPTION, complete: true });
    });

    test('tells of some requests what is pending of them', async () => {
      const world = await World.make(makePlace);
      const [first, second, third] = [await world.request(), await world.request(), await world.request()];
      await world.claim(second);
      const ids = async (...asked: number[]) =>
        (await world.store.pendingRequests(asked)).map(({ requestId }) => requestId);
      expect(await ids(second, third)).toEqual([third]);
      expect(await ids()).toEqual([]);
      expect((await world.store.pendingRequests()).map(({ requestId }) => requestId)).toEqual([first, third]);
    });

    test('changes the priority of what is not complete', async () => {
      const world = await World.make(makePlace);
      const requestId = await world.request();
      expect(await world.store.setPriority(requestId, 9)).toBe(true);
      expect((await world.store.pendingRequests())[0]?.priority).toBe(9);
      await world.store.cancelRequest(requestId, ORDER);
      expect(await world.store.setPriority(requestId, 1)).toBe(false);
      expect(await world.store.setPriority(999, 1)).toBe(false);
    });
  });
}
