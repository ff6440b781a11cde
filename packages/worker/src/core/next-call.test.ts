import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CallEnd, type CallHistory, NO_CALLS, nextCall, STABLE_MS } from './next-call.ts';

const almostOne = () => 0.999_999;
const cut: CallEnd = { verdict: 'cut', welcomed: true, lastedMs: STABLE_MS };
const noAnswer: CallEnd = { verdict: 'cut', welcomed: false, lastedMs: 0 };
const refused: CallEnd = { verdict: 'refused', welcomed: false, lastedMs: 10 };

/** The longest waits after each of these calls; `never` ends the list. */
function waits(
  ends: CallEnd[],
  masters = 1,
  from: CallHistory = NO_CALLS,
  graceLeftMs: number | null = null,
): (number | 'never')[] {
  const [first, ...rest] = ends;
  if (first === undefined) return [];
  const next = nextCall(from, first, { masters, graceLeftMs, random: almostOne });
  if (next.kind === 'never') return ['never'];
  return [next.delayMs, ...waits(rest, masters, next.history, graceLeftMs)];
}

describe('the wait before the next call', () => {
  test('is nearly nothing after a connection that lasted, and grows while none does', () => {
    const short: CallEnd = { ...cut, lastedMs: 200 };
    expect(waits([cut, short, short, short, cut])).toEqual([99, 499, 999, 1999, 99]);
  });

  test('is short beside what is left of the grace, however often it failed', () => {
    const often = { ...NO_CALLS, failures: 20 };
    expect(waits([noAnswer, noAnswer], 1, often, 10_000)).toEqual([1999, 1999]);
    expect(waits([noAnswer], 1, often, 0)).toEqual([999]);
    expect(waits([noAnswer], 1, often, 600_000)).toEqual([29_999]);
  });

  test('grows from breach to breach, however long the connections last', () => {
    const breach: CallEnd = { verdict: 'breach', welcomed: true, lastedMs: 3_600_000 };
    expect(waits([breach, breach, breach])).toEqual([99, 499, 999]);
  });

  test('is up to a minute when every master that had let the worker in refuses it', () => {
    expect(waits([cut, refused, refused], 2)).toEqual([99, 499, 59_999]);
  });
});

test('a worker that no master ever let in ends once each of them has refused it', () => {
  expect(waits([refused])).toEqual(['never']);
  expect(waits([refused, refused, refused], 3)).toEqual([99, 499, 'never']);
  expect(waits([refused, noAnswer, refused], 2)).toHaveLength(3);
});

test('a worker that was replaced never comes back, whatever was before', () => {
  const history = { turn: 3, failures: 2, refusals: 1, wasWelcomed: true };
  const end: CallEnd = { verdict: 'superseded', welcomed: true, lastedMs: 1e9 };
  expect(waits([end], 3, history)).toEqual(['never']);
});

test('addresses are tried in turn until one answers, and that one is called again first', () => {
  let history = NO_CALLS;
  const turns: number[] = [];
  for (const end of [noAnswer, noAnswer, cut, cut, noAnswer]) {
    const next = nextCall(history, end, { masters: 3, graceLeftMs: null, random: almostOne });
    if (next.kind === 'never') throw new Error('gave up');
    history = next.history;
    turns.push(history.turn);
  }
  expect(turns).toEqual([1, 2, 2, 2, 3]);
});

test('nobody who was let in once ever gives up, unless replaced', () => {
  const ends = fc.record({
    verdict: fc.constantFrom('cut' as const, 'breach' as const, 'refused' as const),
    welcomed: fc.boolean(),
    lastedMs: fc.nat(100_000),
  });
  fc.assert(
    fc.property(fc.array(ends), fc.integer({ min: 1, max: 4 }), (list, masters) => {
      const all = waits(list, masters, { ...NO_CALLS, wasWelcomed: true });
      expect(all).toHaveLength(list.length);
      for (const wait of all) expect(wait).toBeLessThan(60_000);
    }),
  );
});
