import { expect, it } from 'vitest';
import { request, summary } from '../view/testing/resources.ts';
import { tryView } from '../view/try-view.ts';
import { fakeClock } from './testing/fake-clock.ts';
import { ViewStore } from './view-store.ts';
import { withFreshReasons } from './waiting-reasons.ts';

/** A store with one request, and a master that gives another reason each time it is asked. */
function world(change: Parameters<typeof request>[0] = {}) {
  const store = new ViewStore();
  store.dispatch({ type: 'summary', summary: summary({ buildrequests: [request(change)] }) });
  const asked: string[] = [];
  const resources = async (_name: string, path = '') => {
    asked.push(path);
    if (asked.length === 3) throw new Error('the link broke');
    return [request({ waiting_reason: `reason ${asked.length}` })] as never;
  };
  const clock = fakeClock();
  const signal = new AbortController().signal;
  const ended = Promise.withResolvers<string>();
  const path = 'buildrequests?buildsetid=7';
  const done = withFreshReasons({ resources }, { store, clock, path, signal }, () => ended.promise);
  return { store, asked, clock, ended, done };
}

it('asks again why something waits, until the task ends', async () => {
  const { store, asked, clock, ended, done } = world();
  await clock.advance(2000);
  expect(tryView(store.state, 0).rows[0]?.waitingReason).toBe('reason 1');
  await clock.advance(2000);
  expect(tryView(store.state, 0).rows[0]?.waitingReason).toBe('reason 2');
  ended.resolve('over');
  expect(await done).toBe('over');
  await clock.advance(10_000);
  expect(asked).toEqual(['buildrequests?buildsetid=7', 'buildrequests?buildsetid=7']);
});

it('asks nothing while nothing waits', async () => {
  const { asked, clock, ended, done } = world({ claimed: true });
  await clock.advance(10_000);
  ended.resolve('over');
  await done;
  expect(asked).toEqual([]);
});

it('does not end the task when a question fails', async () => {
  const { asked, clock, ended, done } = world();
  for (let round = 0; round < 5; round++) await clock.advance(2000);
  ended.resolve('over');
  expect(await done).toBe('over');
  expect(asked).toHaveLength(3);
});
