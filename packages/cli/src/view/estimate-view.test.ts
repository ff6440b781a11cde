import { describe, expect, it } from 'vitest';
import { textOf } from '../ui/line.ts';
import { tryLines } from '../ui/try-layout.ts';
import { reduce } from './reduce.ts';
import { EMPTY_STATE } from './state.ts';
import { build, builder, estimate, request, step, summary, T0, worker } from './testing/resources.ts';
import { tryView } from './try-view.ts';

function viewOf(change: Parameters<typeof summary>[0], now: number) {
  return tryView(reduce(EMPTY_STATE, { type: 'summary', summary: summary(change) }), now);
}

describe('the time left of a try', () => {
  it('comes from past builds and shrinks as the step runs', () => {
    const running = { builds: [build()], steps: [step()], estimates: [estimate()] };
    expect(viewOf(running, T0 + 20_000).left).toEqual({ low: 30_000, middle: 40_000, high: 60_000 });
    expect(viewOf(running, T0 + 20_000).samples).toBe(12);
  });

  it('is unknown while any open builder has no estimate', () => {
    const two = {
      buildrequests: [request(), request({ buildrequestid: 12, builderid: 2 })],
      builders: [builder(), builder({ builderid: 2, name: 'mac' })],
    };
    expect(viewOf({ ...two, estimates: [estimate()] }, T0).left).toBeNull();
  });

  it('is that of the slowest open builder, for builders run side by side', () => {
    const two = {
      buildrequests: [request(), request({ buildrequestid: 12, builderid: 2 })],
      builders: [builder(), builder({ builderid: 2, name: 'mac' })],
      estimates: [
        estimate(),
        estimate({ builderid: 2, samples: 4, steps: [{ name: 'test', low: 1, middle: 2, high: 500_000 }] }),
      ],
    };
    expect(viewOf(two, T0)).toMatchObject({
      left: { low: 50_000, middle: 60_000, high: 500_000 },
      samples: 4,
    });
  });

  describe('when the last build has ended and its request has not been said to', () => {
    const ended = (change: Parameters<typeof request>[0], results: 0 | 4 | 5) => ({
      buildrequests: [request({ claimed: true, ...change })],
      builds: [build({ complete: true, results, complete_at_ms: T0 + 30_000 })],
      steps: [step({ complete: true, results: 0, complete_at_ms: T0 + 30_000 })],
      estimates: [estimate()],
    });

    it('is none, and the build counts as what it has become', () => {
      const view = viewOf(ended({}, 0), T0 + 30_013);
      expect(view).toMatchObject({ left: null, counts: { passed: 1, waiting: 0 }, results: 0 });
      expect(viewOf(ended({}, 4), T0 + 30_013).counts).toMatchObject({ failed: 1, waiting: 0 });
    });

    it('is all of a build when that one is tried again, or was taken off the shelf', () => {
      expect(viewOf(ended({}, 5), T0 + 30_013).left?.middle).toBe(60_000);
      expect(viewOf(ended({ claimed: false }, 4), T0 + 30_013).left?.middle).toBe(60_000);
    });
  });

  it('counts hidden steps of the past as done when they are', () => {
    const steps = [step({ hidden: true, name: 'prepare', complete: true, results: 0, complete_at_ms: T0 })];
    const profile = estimate({
      steps: [
        { name: 'prepare', low: 9000, middle: 9000, high: 9000 },
        { name: 'test', low: 1000, middle: 1000, high: 1000 },
      ],
    });
    expect(viewOf({ builds: [build()], steps, estimates: [profile] }, T0).left?.middle).toBe(1000);
  });
});

describe('the time left of what is tried again', () => {
  const lost = build({
    complete: true,
    results: 5,
    complete_at_ms: T0 + 55_000,
    state_string: 'worker w1 was lost',
  });
  const again = {
    buildrequests: [request({ attempts: 1, failures: 1, not_before: T0 / 1000 + 90 })],
    builds: [lost],
    steps: [step()],
    estimates: [estimate()],
  };
  const withWorker = (change: Parameters<typeof worker>[0]) => {
    const known = reduce(EMPTY_STATE, { type: 'workers', n: 1, workers: [worker(change)] });
    return reduce(known, { type: 'summary', summary: summary(again) });
  };

  it('is all of a build, whatever the lost attempt had done', () => {
    expect(tryView(withWorker({}), T0 + 58_000).left?.middle).toBe(60_000);
  });

  it.each([
    { connected_to: [] },
    { availability: 'unavailable' as const },
    { paused: true },
    { suspect: { until: 9, reason: 'lost 3 builds in a row' } },
    { configured_on: [] },
  ])('is unknown while no worker would take it: %o', (change) => {
    const view = tryView(withWorker(change), T0 + 58_000);
    expect(view.left).toBeNull();
    expect(screenOf(view)).not.toContain('~');
  });

  it('goes with when and why it is tried again', () => {
    const at = new Date(T0 + 90_000).toTimeString().slice(0, 8);
    expect(screenOf(tryView(withWorker({}), T0 + 58_000))).toContain(
      `attempt 1 ended without a verdict, tried again at ${at}: worker w1 was lost`,
    );
    expect(screenOf(tryView(withWorker({}), T0 + 91_000))).toContain(
      'attempt 1 ended without a verdict, no worker is connected: worker w1 was lost',
    );
  });
});

function screenOf(view: ReturnType<typeof tryView>): string {
  return tryLines(view, null, { columns: 160, rows: 20 }, T0).map(textOf).join('\n');
}
