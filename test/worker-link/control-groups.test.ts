/** A process that has dropped every mark and its session stays in its control group, and so ends with its command. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { foldersIn } from '../../packages/worker/src/process/control-group.ts';
import { Marks } from '../../packages/worker/src/process/mark.ts';
import { controlGroupHome } from '../support/control-groups.ts';
import { end } from '../support/processes.ts';
import { type LinkWorld, makeLinkWorld, processesWith, until } from './link-world.ts';

/** Without control groups there are only marks, which have tests. */
const home = await controlGroupHome();

const inGroups = test.skipIf(home === null);

async function setup(): Promise<LinkWorld & { groups(): string[] }> {
  const world = await makeLinkWorld();
  onTestFinished(() => world.close());
  const { tokenPrefix } = new Marks(join(world.folder, 'worker')).worker;
  const groups = () => foldersIn(home ?? '').filter((folder) => folder.includes(tokenPrefix));
  return { ...world, groups };
}

const exec = (command: string) =>
  ({ kind: 'exec', command, builddir: 'b', workdir: '', graceMs: 200 }) as const;

/** No environment, no limit, a session of its own, a double fork, no pipe. */
const fugitive = (word: string) =>
  `(ulimit -S -f unlimited
    setsid env -i sh -c "sleep ${word} & touch ran; exec sleep ${word}" > /dev/null 2>&1 < /dev/null &)
  while [ ! -e ran ]; do sleep 0.02; done`;

/** A word that no other process has among its arguments. */
let words = 0;
const newWord = () => `2${process.pid}${++words}`;

inGroups('row 29: what drops all marks at once ends with its command, and is counted', async () => {
  const world = await setup();
  const worker = await world.startWorker();
  const word = newWord();
  expect(await (await world.command(exec(fugitive(word)))).outcome).toMatchObject({ code: 0, strays: 2 });
  expect(processesWith(word)).toEqual([]);
  expect(world.groups().flatMap(foldersIn)).toEqual([]);
  await worker.stop();
  expect(world.groups()).toEqual([]);
});

inGroups('row 29: it ends when the command is stopped', async () => {
  const world = await setup();
  await world.startWorker();
  const word = newWord();
  const command = await world.command(exec(`${fugitive(word)}; touch begun; sleep ${word}`));
  await until('it has begun', () => existsSync(join(world.folder, 'worker/builds/b/begun')));
  world.sessions.pool.stop(command.key, 'enough');
  expect(await command.outcome).toMatchObject({ cause: 'stopped' });
  expect(processesWith(word)).toEqual([]);
});

inGroups(
  'row 29: it ends when the worker is killed and not started again, and so does its group',
  async () => {
    const world = await setup();
    const worker = await world.startWorkerProcess();
    const word = newWord();
    await world.command(exec(`${fugitive(word)}; sleep ${word}`));
    await until('all run', () => processesWith(word).length === 3);
    await end(worker, 'SIGKILL');
    await until('all are gone', () => processesWith(word).length === 0);
    await until('the groups are gone', () => world.groups().length === 0);
  },
);

inGroups(
  'row 29: it ends when the worker is started again, though its watcher was killed as well',
  async () => {
    const world = await setup();
    const worker = await world.startWorkerProcess();
    const word = newWord();
    await world.command(exec(`${fugitive(word)}; sleep ${word}`));
    await until('all run', () => processesWith(word).length === 3);
    const [watcher = 0, ...others] = processesWith(join(world.folder, 'worker'));
    expect(others).toEqual([]);
    process.kill(watcher, 'SIGKILL');
    await end(worker, 'SIGKILL');
    expect(processesWith(word)).toHaveLength(3);
    await world.startWorkerProcess();
    expect(processesWith(word)).toEqual([]);
    expect(world.groups()).toHaveLength(1);
  },
);

inGroups(
  'row 29: groups that a build makes below its own, as a worker in it would, end with it',
  async () => {
    const world = await setup();
    await world.startWorker();
    const word = newWord();
    const inner = `inner=${home}$(sed -n 's/^0:://p' /proc/self/cgroup | sed 's|.*\\(/buildbot-worker-\\)|\\1|')/inner`;
    const script = `${inner}; mkdir "$inner"; (echo 0 > "$inner/cgroup.procs"; ${fugitive(word)})`;
    expect(await (await world.command(exec(script))).outcome).toMatchObject({ code: 0, strays: 2 });
    expect(processesWith(word)).toEqual([]);
    expect(world.groups().flatMap(foldersIn)).toEqual([]);
  },
);

inGroups('row 29: what is moved to another group is known by its marks', async () => {
  const world = await setup();
  await world.startWorker();
  const word = newWord();
  const script = `(echo 0 > ${home}/cgroup.procs; setsid sh -c "touch ran; exec sleep ${word}" > /dev/null 2>&1 &)
    while [ ! -e ran ]; do sleep 0.02; done`;
  expect(await (await world.command(exec(script))).outcome).toMatchObject({ code: 0, strays: 1 });
  expect(processesWith(word)).toEqual([]);
});

test('a worker says what holds its commands together', async () => {
  const world = await setup();
  const worker = await world.startWorker({ controlGroups: false });
  expect(worker.hold).toBe('process groups and marks');
  await worker.stop();
  const next = await world.startWorker();
  expect(next.hold).toMatch(
    home === null ? /^process groups and marks, without .+/ : `control groups in ${home}`,
  );
});
