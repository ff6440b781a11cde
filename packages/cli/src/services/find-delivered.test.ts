import { expect, it } from 'vitest';
import type { ApiClient } from '../client/api-client.ts';
import { buildSet } from '../view/testing/resources.ts';
import { findDelivered } from './find-delivered.ts';
import { fakeClock } from './testing/fake-clock.ts';

/** A master that has taken the job in once it was asked `answersAfter` times. */
function setup(answersAfter: number) {
  const asked: string[] = [];
  const client = {
    resources: async (_name: string, path: string) => {
      asked.push(path);
      return asked.length > answersAfter ? [buildSet()] : [];
    },
  } as unknown as ApiClient;
  const clock = fakeClock();
  const ended = new AbortController();
  return { asked, clock, ended, found: findDelivered(client, '17.5-a b', clock, ended.signal) };
}

it('asks for the job by its id until the master has taken it in', async () => {
  const { asked, clock, found } = setup(2);
  await clock.advance(0);
  for (let second = 0; second < 3; second += 1) await clock.advance(1000);
  expect(await found).toBe(7);
  expect(asked).toEqual(Array(3).fill('buildsets?external_idstring=17.5-a%20b'));
});

it('gives up after half a minute', async () => {
  const { asked, clock, found } = setup(Number.POSITIVE_INFINITY);
  await clock.advance(0);
  for (let second = 0; second < 31; second += 1) await clock.advance(1000);
  expect(await found).toBe(null);
  expect(asked).toHaveLength(30);
});

it('gives up when nobody waits any more', async () => {
  const { clock, ended, found } = setup(Number.POSITIVE_INFINITY);
  await clock.advance(0);
  ended.abort();
  expect(await found).toBe(null);
});
