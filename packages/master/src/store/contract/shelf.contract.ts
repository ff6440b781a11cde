/** Requests on the shelf, and the promise that the verbs and the pure state machine say the same of every request. */
import { BugError, CANCELLED, EVERYTHING, EXCEPTION, RETRY, type Results, SUCCESS } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { RequestEnd } from '../../core/attempt-end.ts';
import {
  REQUEST_EVENTS,
  type RequestEvent,
  type RequestState,
  requestTransition,
} from '../../core/request.ts';
import { type MakePlace, World } from './world.contract.ts';

const ORDER = { by: 'alice', reason: 'wrong branch', at: 5 };
const SHELVE: RequestEnd = { kind: 'shelve', reason: 'worker w1 was lost' };

const RESULTS_OF = { complete: SUCCESS, retry: RETRY, shelve: EXCEPTION } as const satisfies Record<
  RequestEnd['kind'],
  Results
>;

/** End the request's build in this way. `false`: it has none that runs. */
async function endBuild(world: World, requestId: number, request: RequestEnd): Promise<boolean> {
  const build = await world.store.buildOfRequest(requestId);
  if (build === null) return false;
  return await world.store.finishBuild({
    buildId: build.buildId,
    results: RESULTS_OF[request.kind],
    stateString: 'done',
    infrastructure: request.kind !== 'complete',
    request,
    worker: null,
  });
}

async function shelved(world: World): Promise<number> {
  const requestId = await world.request();
  await world.claim(requestId);
  await endBuild(world, requestId, SHELVE);
  return requestId;
}

async function requestRow(world: World, requestId: number) {
  const filters = [{ field: 'buildrequestid', operator: 'eq' as const, values: [requestId] }];
  const { rows } = await world.store.query('buildrequests', { ...EVERYTHING, filters });
  return rows[0];
}

export function shelfContract(makePlace: MakePlace): void {
  describe('shelf', () => {
    test('keeps a request that failed too often for a person, and its build set open', async () => {
      const world = await World.make(makePlace);
      const requestId = await world.request();
      await world.claim(requestId);
      const told = await world.toldBy(() => endBuild(world, requestId, SHELVE));
      expect(told.at(-1)).toBe(`buildrequests/${requestId}/shelved`);
      expect(await requestRow(world, requestId)).toMatchObject({
        state: 'shelved',
        claimed: false,
        complete: false,
        results: -1,
        failures: 1,
        shelved: { reason: 'worker w1 was lost' },
        waiting_reason: 'shelved: worker w1 was lost',
      });
      expect(await world.store.pendingRequests()).toEqual([]);
      const { rows } = await world.store.query('buildsets', EVERYTHING);
      expect(rows).toMatchObject([{ complete: false }]);
    });

    test('says on which workers and in which steps the attempts of a request were lost', async () => {
      const world = await World.make(makePlace);
      const requestId = await world.request();
      const loseIn = async (step: string | null, worker: number) => {
        const build = (await world.claim(requestId, worker))?.build;
        const buildId = build?.buildId as number;
        const start = { buildId, stateString: 'running' };
        await world.store.startStep({ ...start, number: 0, name: 'prepare' });
        if (step !== null) await world.store.startStep({ ...start, number: 1, name: step });
        return buildId;
      };
      await loseIn('test', world.w1);
      await endBuild(world, requestId, { kind: 'retry', notBefore: null });
      const last = await loseIn(null, world.w2);
      const [first, second] = [
        { worker: 'w2', step: 'prepare' },
        { worker: 'w1', step: 'test' },
      ];
      expect(await world.store.lossesOf(last, 9)).toEqual([first, second]);
      expect(await world.store.lossesOf(last, 1)).toEqual([first]);
    });

    test('gives it back to the queue with its priority and age, and its failures forgotten', async () => {
      const world = await World.make(makePlace);
      const { requests } = await world.store.addBuildSet(world.buildSet({ priority: 7 }));
      const requestId = requests[0]?.requestId as number;
      const [before] = await world.store.pendingRequests();
      await world.claim(requestId);
      await endBuild(world, requestId, SHELVE);
      const told = await world.toldBy(async () => {
        expect(await world.store.unshelve(requestId)).toBe('unshelved');
      });
      expect(told).toEqual([`buildrequests/${requestId}/unshelved`]);
      const { submittedAt } = before ?? { submittedAt: 0 };
      expect(await world.store.pendingRequests()).toMatchObject([
        { requestId, priority: 7, submittedAt, notBefore: null, attempts: 1, lastWorkerId: world.w1 },
      ]);
      expect(await requestRow(world, requestId)).toMatchObject({ failures: 0, shelved: null });
      expect((await world.claim(requestId, world.w2))?.build.attempt).toBe(2);
      expect(await world.store.unshelve(requestId)).toBe('not-shelved');
      expect(await world.store.unshelve(999)).toBe('unknown');
    });

    test('lets a shelved request be called off', async () => {
      const world = await World.make(makePlace);
      const requestId = await shelved(world);
      expect(await world.store.cancelRequest(requestId, ORDER)).toBe('cancelled');
      expect(await requestRow(world, requestId)).toMatchObject({
        state: 'complete',
        results: CANCELLED,
        shelved: null,
      });
      const { rows } = await world.store.query('buildsets', EVERYTHING);
      expect(rows).toMatchObject([{ complete: true, results: CANCELLED }]);
    });

    test('can be asked for by state, alone and with others', async () => {
      const world = await World.make(makePlace);
      const requestId = await shelved(world);
      const pending = await world.request();
      const idsOf = async (field: string, ...values: (string | boolean)[]) => {
        const filters = [{ field, operator: 'eq' as const, values }];
        const { rows } = await world.store.query('buildrequests', { ...EVERYTHING, filters });
        return rows.map(({ buildrequestid }) => buildrequestid);
      };
      expect(await idsOf('state', 'shelved')).toEqual([requestId]);
      expect(await idsOf('state', 'shelved', 'pending')).toEqual([requestId, pending]);
      expect(await idsOf('claimed', false)).toEqual([requestId, pending]);
      expect(await idsOf('claimed', true)).toEqual([]);
    });

    test('does not count an attempt that ended because the master was restarted', async () => {
      const world = await World.make(makePlace);
      const { build, request } = await world.build();
      const silent = { infrastructure: false, worker: null };
      const again = { kind: 'retry', notBefore: null } as const;
      const end = {
        buildId: build.buildId,
        results: RETRY,
        stateString: 'restarted',
        request: again,
      } as const;
      await world.store.finishBuild({ ...end, ...silent });
      expect(await requestRow(world, request.requestId)).toMatchObject({ attempts: 1, failures: 0 });
      expect(await world.store.pendingRequests()).toMatchObject([{ lastWorkerId: null }]);
    });

    test('says the same of every request as the state machine, whatever happens to it', async () => {
      const world = await World.make(makePlace);
      const events = fc.array(fc.constantFrom(...REQUEST_EVENTS), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(events, async (sequence) => {
          const requestId = await world.request();
          let state: RequestState = 'pending';
          for (const event of sequence) {
            const next = ifLegal(state, event);
            // What cannot happen to a request in this state changes nothing.
            expect([event, state, await perform(world, requestId, event)]).toEqual([
              event,
              state,
              next !== null,
            ]);
            state = next ?? state;
            expect(await stateOf(world, requestId)).toBe(state);
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}

function ifLegal(state: RequestState, event: RequestEvent): RequestState | null {
  try {
    return requestTransition(state, event).state;
  } catch (error) {
    if (error instanceof BugError) return null;
    throw error;
  }
}

/** Whether the verb did anything, or had nothing left to do. */
async function perform(world: World, requestId: number, event: RequestEvent): Promise<boolean> {
  switch (event) {
    case 'claim':
      return (await world.claim(requestId)) !== null;
    case 'cancel':
      return (await world.store.cancelRequest(requestId, ORDER)) !== 'unknown';
    case 'retry':
      return await endBuild(world, requestId, { kind: 'retry', notBefore: null });
    case 'shelve':
      return await endBuild(world, requestId, SHELVE);
    case 'unshelve':
      return (await world.store.unshelve(requestId)) === 'unshelved';
    case 'done':
      return await endBuild(world, requestId, { kind: 'complete' });
  }
}

async function stateOf(world: World, requestId: number): Promise<RequestState> {
  const row = await requestRow(world, requestId);
  if (row === undefined) throw new Error(`request ${requestId} is gone`);
  return row.state === 'claimed' && row.stopped_by !== null ? 'cancelling' : row.state;
}
