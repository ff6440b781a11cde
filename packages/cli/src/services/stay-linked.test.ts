import { expect, it } from 'vitest';
import type { ApiClient } from '../client/api-client.ts';
import { LinkError } from '../client/transport.ts';
import { factsOf } from '../view/facts.ts';
import type { MasterLink } from './master-link.ts';
import { type LinkEnd, type LinkOptions, stayLinked } from './stay-linked.ts';
import { type FakeClock, fakeClock } from './testing/fake-clock.ts';
import { ViewStore } from './view-store.ts';

const CLIENT = {} as ApiClient;
const broken = () => Promise.reject(new LinkError('connection reset'));

interface World {
  clock: FakeClock;
  store: ViewStore;
  /** What the link does when it is opened again. */
  open: () => Promise<ApiClient>;
  /** What the task does each time. */
  task: () => Promise<void>;
  stay(options?: Partial<LinkOptions>): Promise<LinkEnd>;
  told(): string[];
}

/** Somebody who had contact at first. */
function setup(): World {
  const clock = fakeClock();
  const store = new ViewStore();
  const world: World = {
    clock,
    store,
    open: async () => CLIENT,
    task: broken,
    stay: (options) => {
      const link: MasterLink = { name: 'ci', open: () => world.open(), close: () => {} };
      const deps = { link, store, clock, random: () => 0 };
      return stayLinked(deps, () => world.task(), {
        first: CLIENT,
        signal: new AbortController().signal,
        ...options,
      });
    },
    told: () =>
      factsOf(store.state).map((fact) =>
        fact.type === 'no_contact' ? `no contact for ${fact.durationMs / 1000}` : fact.type,
      ),
  };
  return world;
}

/** Time passes in steps that are shorter than any wait, until it is over. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1000) await clock.advance(1000);
}

it('says that the link is lost, and that it is back', async () => {
  const world = setup();
  const ended = world.stay();
  await pass(world.clock, 1000);
  world.task = async () => {};
  await pass(world.clock, 5000);
  expect(await ended).toBe('done');
  expect([...new Set(world.told())]).toEqual(['link_lost', 'link_restored']);
});

it('tells ever more seldom how long there has been no contact', async () => {
  const world = setup();
  world.open = broken;
  const enough = new AbortController();
  const ended = world.stay({ signal: enough.signal });
  await pass(world.clock, 3_600_000);
  const told = world.told();
  expect(told[0]).toBe('link_lost');
  const seconds = told.slice(1).map((text) => Number(/no contact for (\d+)/.exec(text)?.[1]));
  expect(seconds.slice(0, 5).map((at) => Math.floor(at / 30))).toEqual([1, 2, 4, 8, 16]);
  expect(seconds.length).toBeLessThan(12);
  enough.abort();
  expect(await ended).toBe('done');
});

it('gives up once there was no contact for the given time, and not before', async () => {
  const world = setup();
  world.open = broken;
  let end: LinkEnd | undefined;
  void world.stay({ giveUpAfterMs: 60_000 }).then((value) => {
    end = value;
  });
  await pass(world.clock, 58_000);
  expect(end).toBeUndefined();
  await pass(world.clock, 4_000);
  expect(end).toBe('no-contact');
});

it('counts from the last contact, however often the link breaks', async () => {
  const world = setup();
  let end: LinkEnd | undefined;
  void world.stay({ giveUpAfterMs: 60_000 }).then((value) => {
    end = value;
  });
  await pass(world.clock, 600_000);
  expect(end).toBeUndefined();
  world.open = broken;
  await pass(world.clock, 80_000);
  expect(end).toBe('no-contact');
});

it('ends at once when nobody wants it any more, even while a host lets it wait', async () => {
  const world = setup();
  world.open = () => new Promise(() => {});
  const enough = new AbortController();
  const ended = world.stay({ signal: enough.signal });
  await pass(world.clock, 5000);
  enough.abort();
  expect(await ended).toBe('done');
});

it('passes on at once what is no lost link', async () => {
  const world = setup();
  world.task = () => Promise.reject(new Error('no such build'));
  await expect(world.stay()).rejects.toThrow('no such build');
});
