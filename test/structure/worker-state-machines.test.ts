/** The graphs about workers in docs/state-machines.md name the arrows that the code has, in both directions. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandOutcome, EVERYTHING, RETRY, SUCCESS } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { silentLogger } from '../../packages/master/src/log.ts';
import { type MakePlace, World } from '../../packages/master/src/store/contract/world.contract.ts';
import { openStore } from '../../packages/master/src/store/open.ts';
import { type LoadState, loadTransition } from '../../packages/worker/src/availability/load-rule.ts';
import { CommandTable } from '../../packages/worker/src/commands/command-table.ts';
import { done } from '../../packages/worker/src/commands/outcome.ts';
import {
  type CallHistory,
  type CallVerdict,
  NO_CALLS,
  nextCall,
} from '../../packages/worker/src/core/next-call.ts';
import { arrow, graph } from './graphs.ts';

test('the calls of a worker', () => {
  const verdicts: CallVerdict[] = ['cut', 'breach', 'refused', 'superseded'];
  const histories: CallHistory[] = [
    NO_CALLS,
    { ...NO_CALLS, refusals: 1 },
    { ...NO_CALLS, wasWelcomed: true },
  ];
  const stateOf = ({ wasWelcomed }: CallHistory): string => (wasWelcomed ? 'known' : 'stranger');
  const arrows = new Set<string>();
  for (const before of histories) {
    for (const verdict of verdicts) {
      for (const welcomed of [false, true]) {
        const world = { masters: 2, graceLeftMs: null, random: () => 0 };
        const next = nextCall(before, { verdict, welcomed, lastedMs: 1 }, world);
        const to = next.kind === 'never' ? 'gone' : stateOf(next.history);
        arrows.add(arrow(stateOf(before), to, welcomed ? `${verdict}, let in` : verdict, []));
      }
    }
  }
  expect([...arrows].toSorted()).toEqual(graph('call'));
});

const KEY = '1.1.0.0';
const COMMAND = { kind: 'stat', builddir: 'b', path: '' } as const;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One command in a real table, with everything that is done about it. */
class Watched {
  effects: string[] = [];
  readonly #table: CommandTable;
  #seq = 0;
  #signal: AbortSignal | null = null;
  #finish: (outcome: CommandOutcome) => void = () => undefined;

  constructor() {
    this.#table = new CommandTable({
      spool: {
        append: (_binary, encode) => {
          if (Buffer.from(encode(++this.#seq)).includes('"ended"')) this.effects.push('report');
          return this.#seq;
        },
      },
      run: ({ signal }) => {
        this.effects.push('run');
        this.#signal = signal;
        signal.addEventListener('abort', () => this.effects.push('abort'));
        return new Promise((resolve) => {
          this.#finish = resolve;
        });
      },
    });
  }

  get state(): string {
    const known = this.#table.known().get(KEY) ?? 'unknown';
    return known === 'running' && this.#signal?.aborted ? 'ending' : known;
  }

  /** `false` when this cannot happen now. */
  async feed(event: string): Promise<boolean> {
    const runs = this.state === 'running' || this.state === 'ending';
    if (event === 'done' && !runs) return false;
    if (event === 'acknowledged' && this.state !== 'ended') return false;
    this.effects = [];
    if (event === 'start') this.#table.start(KEY, COMMAND);
    if (event === 'stop') this.#table.stop(KEY);
    if (event === 'done') this.#finish(done(0));
    if (event === 'acknowledged') this.#table.forget(this.#seq);
    await settled();
    return true;
  }
}

test('a command on a worker', async () => {
  const paths = [[], ['start'], ['start', 'stop'], ['start', 'done'], ['stop']];
  const arrows = new Set<string>();
  for (const path of paths) {
    for (const event of ['start', 'stop', 'done', 'acknowledged']) {
      const command = new Watched();
      for (const step of path) await command.feed(step);
      const from = command.state;
      if (await command.feed(event)) arrows.add(arrow(from, command.state, event, command.effects));
    }
  }
  expect([...arrows].toSorted()).toEqual(graph('command'));
});

const makePlace: MakePlace = async () => {
  const basedir = await mkdtemp(join(tmpdir(), 'bb-graphs-'));
  onTestFinished(() => rm(basedir, { recursive: true }));
  const fatal = (error: Error): never => {
    throw error;
  };
  return { open: (clock) => openStore({ basedir, clock, logger: silentLogger, fatal }) };
};

const POLICY = { after: 2, delay: 60_000, factor: 2, maxDelay: 600_000 };

/** What becomes of the trust in a worker, in a real store. */
async function feedTrust(world: World, event: string): Promise<void> {
  if (event === 'chance') return await world.store.trustWorker(world.w1, { forget: false });
  if (event === 'trust') return await world.store.trustWorker(world.w1, { forget: true });
  world.clock.advance(1000);
  const { buildId } = (await world.build()).build;
  world.clock.advance(1000);
  const isLost = event === 'lost';
  await world.store.finishBuild({
    ...{ buildId, results: isLost ? RETRY : SUCCESS, stateString: event, infrastructure: isLost },
    request: { kind: 'complete' },
    worker: isLost ? { kind: 'lost', reason: 'gone', policy: POLICY } : { kind: 'well' },
  });
}

async function trustOf(world: World): Promise<string> {
  const { rows } = await world.store.query('workers', EVERYTHING);
  return rows.find(({ workerid }) => workerid === world.w1)?.suspect === null ? 'trusted' : 'suspect';
}

test('the trust in a worker', async () => {
  const arrows = new Set<string>();
  for (const path of [[], ['lost'], ['lost', 'lost']]) {
    for (const event of ['lost', 'well', 'chance', 'trust']) {
      const world = await World.make(makePlace);
      for (const step of path) await feedTrust(world, step);
      const from = await trustOf(world);
      await feedTrust(world, event);
      arrows.add(arrow(from, await trustOf(world), event, []));
    }
  }
  expect([...arrows].toSorted()).toEqual(graph('trust'));
});

test('the load of a worker', () => {
  const states: LoadState[] = [{ kind: 'calm' }, { kind: 'rising', heldMs: 0 }, { kind: 'high' }];
  const loads = { below: 0.1, between: 0.5, above: 2 };
  const arrows = new Set<string>();
  for (const forMs of [0, 1000]) {
    for (const state of states) {
      for (const [event, load] of Object.entries(loads)) {
        for (const elapsedMs of [1, 1000]) {
          const next = loadTransition({ above: 1, below: 0.2, forMs, be: 'reluctant' }, state, {
            load,
            elapsedMs,
          });
          arrows.add(arrow(state.kind, next.kind, event, []));
        }
      }
    }
  }
  expect([...arrows].toSorted()).toEqual(graph('load'));
});
