/** A process whose event loop was held up hears of its timers first, and only then of what happened before them. */
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { readEntry } from '../process/proc-table.ts';
import { type ExecWorld, makeExecWorld, until } from './testing/exec-world.ts';

let world: ExecWorld;

beforeEach(() => {
  world = makeExecWorld();
});

afterEach(() => world.remove());

/**
 * Hold everything up here for so long, then let the command go on, and hold on until it has done what it should. The timers
 * that are due by then come next.
 */
async function holdUp(forMs: number, isDone: () => boolean): Promise<void> {
  // From here on it is the turn of what was read; timers follow before anything is read again.
  await readFile('/dev/null');
  const pause = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(pause, 0, 0, forMs);
  writeFileSync(world.inBuild('go'), '');
  while (!isDone()) Atomics.wait(pause, 0, 0, 5);
}

const exists = (file: string) => existsSync(world.inBuild(file));

/** Long enough for a shell to begin on the busiest machine. */
const LIMIT_MS = 3000;

test('a command that ended by itself before its time was over is not said to have taken too long', async () => {
  const running = world.run('echo $$ > pid; while [ ! -e go ]; do sleep 0.01; done', { maxTimeMs: LIMIT_MS });
  const pid = await world.pidIn('pid');
  await holdUp(LIMIT_MS + 100, () => readEntry(pid)?.isZombie !== false);
  expect(await running.outcome).toMatchObject({ code: 0, cause: null });
});

test.each([
  ['has talked', 'echo words', {}],
  ['has written a followed file', 'echo words > log', { logfiles: [{ log: 'f', path: 'log' }] }],
])('a command that %s was not silent, though that was not read in time', async (_what, talk, input) => {
  const script = `touch ran; while [ ! -e go ]; do sleep 0.01; done; ${talk}; touch said; exec sleep 1000`;
  const running = world.run(script, { ...input, timeoutMs: LIMIT_MS });
  await until('it runs', () => exists('ran'));
  await holdUp(LIMIT_MS + 100, () => exists('said'));
  // Timers and pipes have had their turn by then; had its time been over, this would come too late.
  for (let turns = 5; turns > 0; turns--) await setImmediate();
  running.end('stopped');
  expect(await running.outcome).toMatchObject({ cause: 'stopped' });
});

/** Many commands wait at a gate without costing anything: at the end of a pipe that is held open here. */
function makeGate(): { waiting: string; letGo: () => void } {
  mkdirSync(world.inBuild('w'), { recursive: true });
  execFileSync('mkfifo', [world.inBuild('gate')]);
  const held = openSync(world.inBuild('gate'), 'r+');
  return {
    waiting: 'exec 3< ../gate; echo >> ../begun; read -r nothing <&3',
    letGo: () => closeSync(held),
  };
}

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
  const { waiting, letGo } = makeGate();
  const lines = (name: string) => `seq -f '${name} %g' 1 2000`;
  const script = `${waiting}; ${lines('x')} > $N; ${lines('o')}`;
  const runs = Array.from({ length: 30 }, (_, index) =>
    world.run(script, {
      ...{ workdir: 'w', output: 'capture', env: { N: `log${index}` } },
      logfiles: [{ log: `f${index}`, path: `w/log${index}` }],
    }),
  );
  const begun = world.inBuild('begun');
  await until('all run', () => existsSync(begun) && readFileSync(begun).length === runs.length);
  letGo();
  const outcomes = await Promise.all(runs.map(({ outcome }) => outcome));
  const said = (name: string) =>
    Array.from({ length: 2000 }, (_, index) => `${name} ${index + 1}\n`).join('');
  expect(outcomes.filter((outcome) => outcome.status !== 'exited' || outcome.text !== said('o'))).toEqual([]);
  expect(runs.filter((_, index) => world.output(`f${index}`).text !== said('x'))).toEqual([]);
});
