import { describe, expect, it } from 'vitest';
import { Intents, Interrupted, SECOND_PRESS_MS } from './intents.ts';
import { fakeClock } from './testing/fake-clock.ts';

function world({ canDetach = true } = {}) {
  const clock = fakeClock();
  const done: string[] = [];
  const actions = { onFirstPress: () => done.push('told'), onStop: () => done.push('stop') };
  const intents = new Intents(clock, actions, canDetach);
  return { clock, done, intents };
}

describe('Ctrl-C', () => {
  it('gives up while nothing was sent', () => {
    const { intents, done } = world();
    intents.interrupt();
    expect(intents.givenUp.reason).toBeInstanceOf(Interrupted);
    expect([intents.detached.aborted, done]).toEqual([false, []]);
  });

  it('detaches a moment after one press', async () => {
    const { intents, done, clock } = world();
    intents.sending();
    intents.interrupt();
    expect(intents.detached.aborted).toBe(false);
    await clock.advance(SECOND_PRESS_MS);
    expect([intents.detached.aborted, intents.givenUp.aborted, done]).toEqual([true, false, ['told']]);
  });

  it('stops the builds when pressed twice, and keeps watching them end', async () => {
    const { intents, done, clock } = world();
    intents.sending();
    intents.interrupt();
    intents.interrupt();
    await clock.advance(10 * SECOND_PRESS_MS);
    expect([intents.detached.aborted, done]).toEqual([false, ['told', 'stop']]);
  });

  it('detaches when pressed once more, and asks to stop only once', () => {
    const { intents, done } = world();
    intents.sending();
    for (let press = 0; press < 5; press++) intents.interrupt();
    expect([intents.detached.aborted, done]).toEqual([true, ['told', 'stop']]);
  });
});

describe('a try that ends with this process', () => {
  it('is stopped by the first Ctrl-C and left by the second', async () => {
    const { intents, done, clock } = world({ canDetach: false });
    intents.sending();
    intents.interrupt();
    await clock.advance(10 * SECOND_PRESS_MS);
    expect([intents.detached.aborted, done]).toEqual([false, ['stop']]);
    intents.interrupt();
    expect(intents.detached.aborted).toBe(true);
  });
});

describe('SIGTERM and SIGHUP', () => {
  it('detach without delay and without a word about a second press', () => {
    const { intents, done } = world();
    intents.sending();
    intents.onInterruption('termination');
    expect([intents.detached.aborted, done]).toEqual([true, []]);
  });

  it('give up what was not sent', () => {
    const { intents } = world();
    intents.onInterruption('termination');
    expect(intents.givenUp.reason).toBeInstanceOf(Interrupted);
  });
});

describe('keys', () => {
  it('detach at once, and stop at once', () => {
    const first = world();
    first.intents.sending();
    first.intents.detach();
    expect(first.intents.detached.aborted).toBe(true);
    const second = world();
    second.intents.sending();
    second.intents.stop();
    second.intents.stop();
    expect(second.done).toEqual(['stop']);
  });

  it('mean giving up before anything was sent', () => {
    const { intents, done } = world();
    intents.stop();
    intents.detach();
    expect([intents.givenUp.aborted, done]).toEqual([true, []]);
  });
});
