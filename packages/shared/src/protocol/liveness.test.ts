import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AwakeTime, Liveness, tickInterval } from './liveness.ts';

const timing = { keepaliveMs: 30_000, timeoutMs: 10_000 };

/** Tick once a second through `seconds`, with the counters that `traffic` gives for each. */
function run(seconds: number, traffic: (second: number) => { received: number; sent: number }) {
  const liveness = new Liveness(timing, 0);
  const verdicts: string[] = [];
  for (let second = 1; second <= seconds; second++) {
    const { received, sent } = traffic(second);
    verdicts.push(liveness.tick(second * 1000, received, sent));
  }
  return verdicts;
}

test('a silent peer is probed before the interval ends and dead after interval plus timeout', () => {
  const verdicts = run(45, (second) => ({ received: 0, sent: second }));
  expect(verdicts.indexOf('probe') + 1).toBe(10);
  expect(verdicts.indexOf('dead') + 1).toBe(40);
});

test('a peer that leaves a probe without an answer is silent long before it is dead, until it is heard', () => {
  const liveness = new Liveness(timing, 0);
  const silences: (number | null)[] = [];
  for (let second = 1; second <= 17; second++) {
    liveness.tick(second * 1000, second < 17 ? 0 : 1, second);
    silences.push(liveness.silentForMs);
  }
  expect(silences.slice(-4)).toEqual([null, 15_000, 16_000, null]);
});

test('a peer that answers its probes is never silent', () => {
  const liveness = new Liveness({ keepaliveMs: 3_600_000, timeoutMs: 60_000 }, 0);
  let received = 0;
  for (let second = 1; second <= 600; second++) {
    if (liveness.tick(second * 1000, received, second) === 'probe') received++;
    expect(liveness.silentForMs).toBeNull();
  }
});

test('one byte a while keeps a link alive, also in the middle of a frame', () => {
  const verdicts = run(600, (second) => ({ received: Math.floor(second / 35), sent: second }));
  expect(verdicts).not.toContain('dead');
});

test('a side that has nothing to say says something before the other would miss it', () => {
  let sent = 0;
  const liveness = new Liveness(timing, 0);
  let quietest = 0;
  let lastSentAt = 0;
  for (let second = 1; second <= 300; second++) {
    if (liveness.tick(second * 1000, second, sent) === 'probe') {
      sent += 10;
      quietest = Math.max(quietest, second - lastSentAt);
      lastSentAt = second;
    }
  }
  expect(sent).toBeGreaterThan(0);
  expect(quietest * 1000).toBeLessThan(timing.keepaliveMs);
});

test('a process that was frozen does not blame the other side for it', () => {
  const liveness = new Liveness(timing, 0);
  expect(liveness.tick(1000, 1, 1)).toBe('fine');
  expect(liveness.tick(3_600_000, 1, 1)).toBe('fine');
  expect(liveness.silentForMs).toBeNull();
  expect(liveness.tick(3_601_000, 2, 1)).toBe('fine');
});

test('time awake never runs backwards and never faster than the clock', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -5000, max: 5000 })), (steps) => {
      const awake = new AwakeTime(0, 1000);
      let now = 0;
      let before = 0;
      for (const step of steps) {
        now += step;
        const at = awake.advance(now);
        expect(at).toBeGreaterThanOrEqual(before);
        expect(at - before).toBeLessThanOrEqual(Math.max(0, Math.min(step, 1000)));
        before = at;
      }
    }),
  );
});

test('ticks come often enough to see every deadline', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 40, max: 1e6 }),
      fc.integer({ min: 40, max: 1e6 }),
      (keepaliveMs, timeoutMs) => {
        const interval = tickInterval({ keepaliveMs, timeoutMs });
        expect(interval).toBeGreaterThan(0);
        expect(interval).toBeLessThanOrEqual(Math.min(keepaliveMs, timeoutMs) / 4 + 10);
      },
    ),
  );
});
