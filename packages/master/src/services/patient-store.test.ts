import { ExternalError, SUCCESS } from '@buildbot/shared';
import { expect, test } from 'vitest';
import type { Logger } from '../ports/service.ts';
import { BuildWorld } from '../testing/build-world.ts';
import { type BuildStore, patientStore } from './patient-store.ts';

const FULL = new ExternalError('database', 'the disk is full', { isPassing: true });

/** A store of which `finishLog` fails with these errors, one after the other, before it works. */
function failing(errors: Error[]): { store: BuildStore; calls: () => number } {
  let calls = 0;
  const finishLog: BuildStore['finishLog'] = async () => {
    const error = errors[calls++];
    if (error !== undefined) throw error;
    return true;
  };
  return { store: { finishLog } as BuildStore, calls: () => calls };
}

function recordingLogger(): { logger: Logger; lines: string[] } {
  const lines: string[] = [];
  const say = (_fields: object, message: string): void => void lines.push(message);
  const logger: Logger = { debug: say, info: say, warn: say, error: say, child: () => logger };
  return { logger, lines };
}

const open = (): AbortSignal => new AbortController().signal;

test('a verb that meets a full disk is tried until there is space, and people are told once', async () => {
  const { logger, lines } = recordingLogger();
  const { store, calls } = failing([FULL, FULL, FULL]);
  const patient = patientStore({ store, logger, signal: open(), retryMs: 1 });
  expect(await patient.finishLog(1)).toBe(true);
  expect(calls()).toBe(4);
  expect(lines).toEqual([
    'builds wait: database: the disk is full',
    'builds do not wait for the disk any more',
  ]);
});

test('any other failure is told at once', async () => {
  const { logger, lines } = recordingLogger();
  const gone = new ExternalError('database', 'the disk has failed');
  const { store, calls } = failing([gone]);
  const patient = patientStore({ store, logger, signal: open(), retryMs: 1 });
  await expect(patient.finishLog(1)).rejects.toBe(gone);
  expect([calls(), lines]).toEqual([1, []]);
});

test('a failure of another kind ends the waiting', async () => {
  const gone = new Error('the disk has failed');
  const { store } = failing([FULL, gone]);
  const patient = patientStore({ store, logger: recordingLogger().logger, signal: open(), retryMs: 1 });
  await expect(patient.finishLog(1)).rejects.toBe(gone);
});

test('a master that stops does not wait for space', async () => {
  const stopping = new AbortController();
  const { store, calls } = failing(Array.from({ length: 10 }, () => FULL));
  const { logger } = recordingLogger();
  const patient = patientStore({ store, logger, signal: stopping.signal, retryMs: 3_600_000 });
  const verb = patient.finishLog(1);
  stopping.abort();
  await expect(verb).rejects.toBe(FULL);
  expect(calls()).toBe(1);
});

test('row 17: a build for which the disk is full at every one of its writes passes all the same', async () => {
  const refused = new Set<string>();
  const failPoint = (name: string): void => {
    const verb = /^before-commit:(beginBuild|startStep|addLog|putCommand|finishLog|finishStep|finishBuild)$/;
    if (!verb.test(name) || refused.has(name)) return;
    refused.add(name);
    throw FULL;
  };
  const steps = [{ type: 'shell', command: 'echo one' }];
  const config = {
    workers: [{ name: 'w1', password: 'x' }],
    builders: [{ name: 'linux', workers: ['w1'], steps }],
  };
  await using world = await BuildWorld.make({ config, failPoint });
  const build = await world.build('linux');
  expect(build).toMatchObject({ results: SUCCESS, attempt: 1 });
  expect((await world.logBytes(build.buildid, 0)).toString()).toBe('one\n');
  expect(refused.size).toBe(7);
});
