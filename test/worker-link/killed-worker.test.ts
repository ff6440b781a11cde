/** A worker process that is killed: nothing of what it started lives on, and nothing is taken for what it is not. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { end } from '../support/processes.ts';
import { type LinkWorld, makeLinkWorld, processesWith, until } from './link-world.ts';

let world: LinkWorld;

afterEach(() => world.close());

const exec = (command: string) =>
  ({ kind: 'exec', command, builddir: 'b', workdir: '', graceMs: 200 }) as const;

/** One that waits, one in a session of its own, a double fork, one without environment, one that ignores TERM. */
const hideouts = (word: string) => `
  setsid sleep ${word} &
  (setsid sh -c "sleep ${word} & exec sleep ${word}" &)
  env -i sleep ${word} &
  (trap "" TERM; sleep ${word}) &
  touch begun
  sleep ${word}`;

test('row 7: kill -9 of a worker leaves no process behind, though nobody starts it again and no control group holds them', async () => {
  world = await makeLinkWorld();
  const worker = await world.startWorkerProcess({ controlGroups: false });
  const word = `1${process.pid}7`;
  await world.command(exec(hideouts(word)));
  await until('all of them run', () => processesWith(word).length >= 6);
  await end(worker, 'SIGKILL');
  await until('all of them are gone', () => processesWith(word).length === 0);
});

test('row 7: a worker that is started again at once ends the leftovers, loses the command, and runs the next', async () => {
  world = await makeLinkWorld();
  const worker = await world.startWorkerProcess();
  const word = `1${process.pid}8`;
  const command = await world.command(exec(hideouts(word)));
  await until('all of them run', () => processesWith(word).length >= 6);
  await end(worker, 'SIGKILL');
  await world.startWorkerProcess();
  expect(await command.outcome).toMatchObject({
    status: 'lost',
    reason: expect.stringContaining('restarted'),
  });
  expect(processesWith(word)).toEqual([]);
  const next = await world.command(
    exec('rm -f go; touch ready; while [ ! -e go ]; do sleep 0.05; done; echo through'),
  );
  const file = (name: string) => join(world.folder, 'worker/builds/b', name);
  await until('it runs', () => existsSync(file('ready')));
  // Whoever watched over the killed process has had its look by now, and taken its hands off.
  await until('no sweep runs', () => processesWith(join(world.folder, 'worker')).length === 1);
  writeFileSync(file('go'), '');
  expect(await next.outcome).toMatchObject({ status: 'exited', code: 0, signal: null });
});
