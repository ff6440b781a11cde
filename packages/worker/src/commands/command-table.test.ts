import type { CommandOutcome } from '@buildbot/shared';
import { expect, test } from 'vitest';
import { CommandTable } from './command-table.ts';
import { done } from './outcome.ts';

const command = { kind: 'stat', builddir: 'b', path: '' } as const;

function setup() {
  const reports: { type: string; key: string; outcome?: CommandOutcome }[] = [];
  const runs: {
    key: string;
    finish: (outcome: CommandOutcome) => void;
    fail: (error: Error) => void;
    signal: AbortSignal;
  }[] = [];
  const table = new CommandTable({
    spool: {
      append: (_binary, encode) => {
        const seq = reports.length + 1;
        reports.push(JSON.parse(Buffer.from(encode(seq)).toString()));
        return seq;
      },
    },
    run: ({ key, signal, started }) => {
      started();
      const { promise, resolve, reject } = Promise.withResolvers<CommandOutcome>();
      signal.addEventListener('abort', () => resolve({ ...done(0), cause: signal.reason } as CommandOutcome));
      runs.push({ key, signal, finish: resolve, fail: reject });
      return promise;
    },
  });
  const told = () => reports.map(({ type, key }) => `${type} ${key}`);
  return { table, reports, runs, told };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a command runs once however often it is wanted, until its end is acknowledged', async () => {
  const { table, runs, told } = setup();
  table.apply([{ key: '1.1.0.0', command }]);
  table.start('1.1.0.0', command);
  table.apply([{ key: '1.1.0.0', command }]);
  await settle();
  runs[0]?.finish(done(1));
  await settle();
  table.start('1.1.0.0', command);
  expect(told()).toEqual(['started 1.1.0.0', 'ended 1.1.0.0']);
  expect([...table.known()]).toEqual([['1.1.0.0', 'ended']]);
  table.forget(1);
  expect(table.known().size).toBe(1);
  table.forget(2);
  expect(table.known().size).toBe(0);
});

test('what is no longer wanted is stopped, and the first cause stays', async () => {
  const { table, runs, reports } = setup();
  table.start('1.1.0.0', command);
  await settle();
  table.apply([]);
  await table.stopAll('worker-shutdown');
  await settle();
  expect(runs[0]?.signal.reason).toBe('stopped');
  expect(reports.at(-1)).toMatchObject({ type: 'ended', outcome: { cause: 'stopped' } });
});

test('a command waits for the one that is being ended in its folder, and for no other', async () => {
  const reports: string[] = [];
  const begun: string[] = [];
  const leave = new Map<string, () => void>();
  const table = new CommandTable({
    spool: {
      append: (_binary, encode) => {
        reports.push(Buffer.from(encode(1)).toString());
        return reports.length;
      },
    },
    run: ({ key }) => {
      begun.push(key);
      return new Promise((resolve) => leave.set(key, () => resolve(done(0))));
    },
  });
  table.start('1.1.0.0', command);
  table.start('2.1.0.0', { ...command, builddir: 'other' });
  await settle();
  table.apply([
    { key: '2.1.0.0', command: { ...command, builddir: 'other' } },
    { key: '3.2.0.0', command },
    { key: '4.1.0.0', command: { ...command, builddir: 'third' } },
  ]);
  await settle();
  expect(begun).toEqual(['1.1.0.0', '2.1.0.0', '4.1.0.0']);
  leave.get('1.1.0.0')?.();
  await settle();
  expect(begun).toEqual(['1.1.0.0', '2.1.0.0', '4.1.0.0', '3.2.0.0']);
});

test('a stop of an unknown command is answered with lost', () => {
  const { table, reports } = setup();
  table.stop('9.1.0.0');
  expect(reports).toMatchObject([{ type: 'ended', key: '9.1.0.0', outcome: { status: 'lost' } }]);
});

test('a fault of the worker itself ends the command as an infrastructure failure', async () => {
  const { table, runs, reports } = setup();
  table.start('1.1.0.0', command);
  await settle();
  runs[0]?.fail(new Error('oops'));
  await settle();
  expect(reports.at(-1)).toMatchObject({ outcome: { status: 'failed', infrastructure: true } });
});

test('once closed it begins nothing more', async () => {
  const { table, runs } = setup();
  await table.close();
  table.start('1.1.0.0', command);
  expect(runs).toEqual([]);
});
