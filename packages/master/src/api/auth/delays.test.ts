import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Delays, delayAfter } from './delays.ts';

function delays() {
  const clock = { now: 0 };
  return { clock, delays: new Delays(() => clock.now) };
}

describe('delayAfter', () => {
  it('grows with every failure, up to its limit', () => {
    fc.assert(
      fc.property(fc.nat(2000), (failures) => {
        expect(delayAfter(failures + 1, 60_000)).toBeGreaterThanOrEqual(delayAfter(failures, 60_000));
        expect(delayAfter(failures, 60_000)).toBeLessThanOrEqual(60_000);
      }),
    );
    expect([4, 5, 6, 7].map((failures) => delayAfter(failures, 60_000))).toEqual([0, 1000, 2000, 4000]);
  });
});

describe('who guesses', () => {
  it('waits longer and longer, whatever user is tried from the address', () => {
    const { clock, delays: guesses } = delays();
    for (let i = 0; i < 5; i++) expect(guesses.attempt(`user${i}`, '192.0.2.1')).toBe(0);
    expect(guesses.attempt('another', '192.0.2.1')).toBe(1000);
    clock.now += 1000;
    expect(guesses.attempt('another', '192.0.2.1')).toBe(0);
    expect(guesses.attempt('another', '192.0.2.1')).toBe(2000);
  });

  it('waits for a user, whatever address it is tried from, at most half a minute', () => {
    const { clock, delays: guesses } = delays();
    for (let i = 0; i < 40; i++) {
      guesses.attempt('alice', `192.0.2.${i}`);
      clock.now += 30_000;
    }
    guesses.attempt('alice', '192.0.2.99');
    expect(guesses.attempt('alice', '198.51.100.1')).toBe(30_000);
  });

  it('a thousand times at once has few tries', () => {
    const { delays: guesses } = delays();
    const looked = Array.from({ length: 1000 }, () => guesses.attempt('alice', '192.0.2.1'));
    expect(looked.filter((waitMs) => waitMs === 0)).toHaveLength(5);
  });

  it('and is right at last begins anew', () => {
    const { delays: guesses } = delays();
    for (let i = 0; i < 4; i++) guesses.attempt('alice', '192.0.2.1');
    guesses.succeeded('alice', '192.0.2.1');
    for (let i = 0; i < 2; i++) expect(guesses.attempt('alice', '192.0.2.1')).toBe(0);
  });

  it('does not make the master remember without end', () => {
    const { delays: guesses } = delays();
    for (let i = 0; i < 6; i++) guesses.attempt('alice', '192.0.2.1');
    expect(guesses.attempt('alice', '192.0.2.1')).toBeGreaterThan(0);
    for (let i = 0; i < 10_001; i++) guesses.attempt(`user${i}`, `2001:db8:${i.toString(16)}::1`);
    expect(guesses.attempt('alice', '192.0.2.1')).toBe(0);
  });
});
