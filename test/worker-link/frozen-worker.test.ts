/** A worker that is frozen for longer than anybody waits, and thaws. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { isAlive } from '../support/processes.ts';
import { type LinkWorld, makeLinkWorld, until } from './link-world.ts';

let world: LinkWorld;

afterEach(() => world.close());

const exec = (command: string) =>
  ({ kind: 'exec', command, builddir: 'b', workdir: '', graceMs: 200 }) as const;

const file = (name: string) => join(world.folder, 'worker/builds/b', name);

test('row 9: a worker frozen past its grace is refused when it thaws, its commands end, and the log is left as it was', async () => {
  world = await makeLinkWorld({ timing: { graceMs: 500 } });
  const worker = await world.startWorkerProcess();
  const command = await world.command(
    exec('echo $$ > pid; echo before; while :; do echo late; sleep 0.1; done'),
  );
  await until('it has spoken', async () => (await command.log()).bytes > 0);
  const pid = Number(readFileSync(file('pid'), 'utf8'));
  worker.child.kill('SIGSTOP');
  expect(await command.outcome).toMatchObject({ status: 'lost' });
  const before = await command.log();
  worker.child.kill('SIGCONT');
  await until('its words were refused', async () => (await world.notes('stale')).length > 0);
  expect(await world.notes('stale')).toMatchObject([{ key: command.key, name: 'w1' }]);
  await until('its process has ended', async () => !(await isAlive(pid)));
  expect(await command.log()).toMatchObject({ bytes: before.bytes, sha256: before.sha256 });
  // It is a good worker again.
  const next = await world.command(exec('echo fresh'));
  expect(await next.outcome).toMatchObject({ status: 'exited', code: 0 });
});

test('row 41: a frozen process that was replaced does not take its place again when it thaws', async () => {
  world = await makeLinkWorld();
  const older = await world.startWorkerProcess();
  older.child.kill('SIGSTOP');
  await until('the master has noticed', () => world.sessions.pool.connected().length === 0);
  const newer = await world.startWorker({ basedir: join(world.folder, 'other') });
  await until('the newer is in', () => newer.state.kind === 'connected');
  const command = await world.command(exec('touch begun; while [ ! -e go ]; do sleep 0.05; done'));
  const place = (name: string) => join(world.folder, 'other/builds/b', name);
  await until('it has begun', () => existsSync(place('begun')));
  older.child.kill('SIGCONT');
  expect(await older.finished).toMatchObject({ code: 3, stdout: expect.stringContaining('"superseded"') });
  expect(newer.state.kind).toBe('connected');
  expect(await world.notes('superseded')).toMatchObject([{ name: 'w1' }]);
  world.sessions.pool.stop(command.key, 'enough');
  expect(await command.outcome).toMatchObject({ cause: 'stopped' });
});
