/** A process whose event loop was held up hears of its timers first, and only then of what happened before them. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { readEntry } from '../process/proc-table.ts';
import { type ExecWorld, makeExecWorld, until } from './testing/exec-world.ts';

let world: ExecWorld;

beforeEach(() => {
  world = makeExecWorld();
});

afterEach(() => world.remove());

/** Hold everything up here for so long, and until the condition holds. The timers that are due by then come next. */
async function holdUp(forMs: number, condition: () => boolean): Promise<void> {
  // From here on it is the turn of what was read; timers follow before anything is read again.
  await readFile('/dev/null');
  const end = performance.now() + forMs;
  const pause = new Int32Array(new SharedArrayBuffer(4));
  while (performance.now() < end || !condition()) Atomics.wait(pause, 0, 0, 5);
}

const exists = (file: string) => existsSync(world.inBuild(file));

test('a command that ended by itself before its time was over is not said to have taken too long', async () => {
  const running = world.run('echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done', { maxTimeMs: 1000 });
  const pid = await world.pidIn('pid');
  writeFileSync(world.inBuild('go'), '');
  await holdUp(1100, () => readEntry(pid)?.isZombie !== false);
  expect(await running.outcome).toMatchObject({ code: 0, cause: null });
});

test('a command that has talked was not silent, also when its words were not read in time', async () => {
  const script =
    'touch ran; while [ ! -e go ]; do sleep 0.01; done; echo words; touch said; while [ ! -e end ]; do sleep 0.01; done; echo end';
  const running = world.run(script, { timeoutMs: 2000 });
  await until('it runs', () => exists('ran'));
  writeFileSync(world.inBuild('go'), '');
  await holdUp(2100, () => exists('said'));
  writeFileSync(world.inBuild('end'), '');
  expect(await running.outcome).toMatchObject({ code: 0, cause: null });
  expect(world.output().text).toBe('words\nend\n');
});

test('nor was one that has only written a followed file', async () => {
  const script =
    'while [ ! -e go ]; do sleep 0.01; done; echo words > log; touch said; while [ ! -e end ]; do sleep 0.01; done; echo end >> log';
  const running = world.run(`touch ran; ${script}`, {
    timeoutMs: 2000,
    logfiles: [{ log: 'f', path: 'log' }],
  });
  await until('it runs', () => exists('ran'));
  writeFileSync(world.inBuild('go'), '');
  await holdUp(2100, () => exists('said'));
  writeFileSync(world.inBuild('end'), '');
  expect(await running.outcome).toMatchObject({ code: 0, cause: null });
  expect(world.output('f').text).toBe('words\nend\n');
});

test('the last words after a long silence are read, also where many commands end at once', async () => {
  let slept = 0;
  world.deps = { ...world.deps, clock: { ...systemClock, monotonic: () => performance.now() + slept } };
  const script = 'echo >> ../begun; while [ ! -e ../go ]; do sleep 0.05; done; seq 1 5000';
  const runs = Array.from({ length: 60 }, () => world.run(script, { output: 'capture', workdir: 'w' }));
  const begun = world.inBuild('begun');
  await until('all run', () => existsSync(begun) && readFileSync(begun).length === runs.length);
  slept = 3_600_000;
  writeFileSync(world.inBuild('go'), '');
  const outcomes = await Promise.all(runs.map(({ outcome }) => outcome));
  const said = Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join('');
  expect(outcomes.filter((outcome) => outcome.status !== 'exited' || outcome.text !== said)).toEqual([]);
});

test('the end of a followed file that is renamed or removed is read, and the one that takes its place from its beginning', async () => {
  const script = `printf 'first ' > log; while [ ! -e go ]; do sleep 0.01; done
    printf 'rest ' >> log; rm log; printf 'second, longer ' > log; touch moved; while [ ! -e gone ]; do sleep 0.01; done`;
  const running = world.run(script, { logfiles: [{ log: 'f', path: 'log' }] });
  await until('it is followed', () => world.output('f').text === 'first ');
  writeFileSync(world.inBuild('go'), '');
  await until('the next is followed', () => world.output('f').text === 'first rest second, longer ');
  writeFileSync(world.inBuild('log'), 'second, longer last', { flag: 'r+' });
  renameSync(world.inBuild('log'), world.inBuild('old'));
  writeFileSync(world.inBuild('gone'), '');
  expect(await running.outcome).toMatchObject({ code: 0 });
  expect(world.output('f').text).toBe('first rest second, longer last');
});

test('many commands that end at once have every byte in each of their logs', async () => {
  const lines = (name: string) => `seq -f '${name} %g' 1 2000`;
  const script = `echo >> ../begun; while [ ! -e ../go ]; do sleep 0.05; done; ${lines('x')} > $N; ${lines('o')}`;
  const runs = Array.from({ length: 30 }, (_, index) =>
    world.run(script, {
      ...{ workdir: 'w', output: 'capture', env: { N: `log${index}` } },
      logfiles: [{ log: `f${index}`, path: `w/log${index}` }],
    }),
  );
  const begun = world.inBuild('begun');
  await until('all run', () => existsSync(begun) && readFileSync(begun).length === runs.length);
  writeFileSync(world.inBuild('go'), '');
  const outcomes = await Promise.all(runs.map(({ outcome }) => outcome));
  const said = (name: string) =>
    Array.from({ length: 2000 }, (_, index) => `${name} ${index + 1}\n`).join('');
  expect(outcomes.filter((outcome) => outcome.status !== 'exited' || outcome.text !== said('o'))).toEqual([]);
  expect(runs.filter((_, index) => world.output(`f${index}`).text !== said('x'))).toEqual([]);
});
