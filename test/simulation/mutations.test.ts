/** The checker is not blind: each of these known bugs, put into the code that ships, is found within a few stories. */
import { afterEach, expect, test, vi } from 'vitest';
import { Slots } from '../../packages/master/src/services/slots.ts';
import { NumberedMessages, type Taken } from '../../packages/master/src/workers/numbered-messages.ts';
import { OutputLog } from '../../packages/worker/src/commands/output-log.ts';
import { ModelStore } from './model-store.ts';
import { Processes } from './processes.ts';
import { type SimulationOptions, simulate } from './simulate.ts';

afterEach(() => vi.restoreAllMocks());

/** What the first story that fails says; `null` when none of many does. */
async function found(options: Partial<SimulationOptions> = {}): Promise<string | null> {
  for (let seed = 1; seed <= 60; seed++) {
    const { violation } = await simulate({ seed, ...options });
    if (violation !== null) return violation;
  }
  return null;
}

/** A master that believes what a worker says of commands that it does not hold any more. */
function trustEveryWord(): void {
  const careful = NumberedMessages.prototype.takeMessage;
  vi.spyOn(NumberedMessages.prototype, 'takeMessage').mockImplementation(function (
    this: NumberedMessages,
    message,
  ) {
    const taken: Taken = careful.call(this, message);
    if (taken.kind !== 'pending' || taken.pending.effect.kind !== 'skipped' || message.type !== 'ended')
      return taken;
    const { seq, key, outcome } = message;
    return { kind: 'pending', pending: { ...taken.pending, effect: { kind: 'ended', seq, key, outcome } } };
  });
}

test('late words of a lost attempt that are believed, without the fence of the store (I2)', async () => {
  trustEveryWord();
  expect(await found({ hasFence: false })).toMatch(/^I2: the outcome of .* after its end/);
});

test('the fence of the store alone keeps them out', async () => {
  trustEveryWord();
  for (let seed = 1; seed <= 10; seed++) expect((await simulate({ seed })).violation).toBeNull();
});

test('a job that is taken in each time it is handed in (I1)', async () => {
  const accept = ModelStore.prototype.acceptTryJob;
  let times = 0;
  vi.spyOn(ModelStore.prototype, 'acceptTryJob').mockImplementation(function (this: ModelStore, job, set) {
    return accept.call(this, { ...job, jobId: `${job.jobId}-${++times}` }, set);
  });
  expect(await found({ faults: ['master-crash'] })).toMatch(/^I1: .* taken in twice/);
});

test('output that is left behind when its command ends (I4)', async () => {
  vi.spyOn(OutputLog.prototype, 'flush').mockImplementation(() => undefined);
  expect(await found()).toMatch(/^I4: command .* wrote \d+ bytes and 0 arrived/);
});

test('a worker that leaves alone what its former process left behind (I6)', async () => {
  vi.spyOn(Processes.prototype, 'endLeftovers').mockImplementation(() => undefined);
  expect(await found({ faults: ['crash'] })).toMatch(/^I6: command .* (long after its build|still runs)/);
});

test('a slot that is not given back (I7)', async () => {
  vi.spyOn(Slots.prototype, 'release').mockReturnValue();
  expect(await found()).toMatch(/^I7: request \d+ waits beside the idle worker/);
});
