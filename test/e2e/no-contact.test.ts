/** A master that goes away in the middle and does not come back: nobody who watches is left in the dark, or for ever. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { end, type Program, until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

/** A build that waits for ever, and the flags of somebody who follows it without SSH. */
async function setup(): Promise<World & { work: string; api: string[] }> {
  const world = await createWorld({
    builders: {
      slow: [{ type: 'shell', name: 'wait', command: 'touch ../../../../running; echo on it; sleep 987' }],
    },
  });
  onTestFinished(() => world.remove());
  const work = await world.clone();
  const detached = await world.buildbot(work, ['try', '--detach']);
  expect(detached.code).toBe(75);
  await until('the step to run', async () => existsSync(join(world.dir, 'running')));
  return Object.assign(world, { work, api: ['--api', `unix:${join(world.basedir, 'master.sock')}`] });
}

test('a try that is watched is let go in time, with the line that attaches again', async () => {
  const { work, api, startBuildbot, master } = await setup();
  const people = startBuildbot(work, ['watch', '1', '--reconnect', '3s', ...api]);
  const scripts = startBuildbot(work, ['watch', '1', '--reconnect', '3s', '--events', ...api]);
  await people.says(/› wait/);
  await scripts.says(/step_started/);
  await end(master as Program, 'SIGKILL');
  const { code, stdout, stderr } = await people.finished;
  expect([code, stderr]).toEqual([75, '']);
  expect(stdout).toMatch(/^… connection lost \(/m);
  expect(stdout).toMatch(/^… no contact for 3s: given up\n… detached, .*buildbot watch --api unix:\S+ 1$/m);
  const events = (await scripts.finished).stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.at(-2)).toMatchObject({ event: 'detached' });
  expect(events.at(-1)).toMatchObject({ event: 'finished', exitCode: 75 });
});

test('the farm is watched on, unless a limit was given; a log ends with 4', async () => {
  const { work, api, startBuildbot, master, startMaster } = await setup();
  const farm = startBuildbot(work, ['watch', '--events', ...api]);
  const limited = startBuildbot(work, ['watch', '--json', '--reconnect', '1s', ...api]);
  const bounded = startBuildbot(work, ['watch', '--reconnect', '1s', ...api]);
  const log = startBuildbot(work, ['log', 'slow/1', '--follow', '--reconnect', '1s', ...api]);
  await farm.says(/build_started/);
  await bounded.says(/Test/);
  await log.says(/on it/);
  expect((await limited.finished).code).toBe(0);
  await end(master as Program, 'SIGKILL');
  for (const ended of [await bounded.finished, await log.finished])
    expect([ended.code, ended.stderr]).toEqual([4, expect.stringContaining('no contact for 1s')]);
  await farm.says(/link_lost/);
  await startMaster();
  await farm.says(/link_restored/);
  expect((await end(farm, 'SIGINT')).code).toBe(0);
});
