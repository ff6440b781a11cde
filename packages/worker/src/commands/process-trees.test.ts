/** Nothing is left behind, by marks alone. What control groups add is in test/worker-link/control-groups.test.ts. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linux } from '../process/linux.ts';
import { Marks } from '../process/mark.ts';
import { type ExecWorld, makeExecWorld } from './testing/exec-world.ts';

let world: ExecWorld;

beforeEach(() => {
  world = makeExecWorld();
});

afterEach(() => world.remove());

const isAlive = (pid: number) => linux.startOf(pid) !== null;

const sleeper = (prefix: string, file: string) =>
  `${prefix} sh -c 'echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 1000'`;
const shapes: [string, string][] = [
  ['a background process', sleeper('', 'pid')],
  [
    'one that ignores TERM',
    sleeper('', 'pid').replace('exec sleep 1000', 'trap "" TERM; while :; do sleep 1; done'),
  ],
  ['one in a session of its own', sleeper('setsid', 'pid')],
  ['one with an emptied environment', sleeper('env -i', 'pid')],
  [
    'one that forked twice, in a session of its own, with an emptied environment',
    `(setsid env -i ${sleeper('', 'pid')} &)`,
  ],
  ['one that lifted its limits', `ulimit -S -f unlimited; ${sleeper('setsid', 'pid')}`],
];

test.each(shapes)(
  'rows 29 and 30: %s ends with its command, whoever holds the pipe',
  async (_name, script) => {
    const outcome = world.run(`${script} & while [ ! -e pid ]; do sleep 0.02; done`).outcome;
    const pid = await world.pidIn('pid');
    expect(await outcome).toMatchObject({
      status: 'exited',
      code: 0,
      cause: null,
      strays: expect.any(Number),
    });
    expect(isAlive(pid)).toBe(false);
  },
);

test.each(shapes)(
  'row 29: %s that let go of the pipe ends when the command is stopped',
  async (_name, script) => {
    const running = world.run(`(${script}) > /dev/null 2>&1 < /dev/null & while :; do sleep 1; done`);
    const pid = await world.pidIn('pid');
    running.end('stopped');
    expect(await running.outcome).toMatchObject({ cause: 'stopped' });
    expect(isAlive(pid)).toBe(false);
  },
);

test('row 30: a grandchild that goes on writing is heard for a while, then ended and counted', async () => {
  const outcome = await world.run(
    '(for i in 1 2 3; do sleep 0.3; echo $i; done; exec sleep 1000) & echo main',
  ).outcome;
  expect(outcome).toMatchObject({ code: 0, cause: null, strays: 1 });
  expect(world.output().text).toBe('main\n1\n2\n3\n');
});

test('what an earlier worker process left is found by its marks', async () => {
  world.run(`${shapes[4]?.[1]} & exec sleep 1000`);
  const pid = await world.pidIn('pid');
  expect(linux.leftovers(new Marks(world.root).worker).members()).toContain(pid);
  expect(linux.leftovers(new Marks(`${world.root}-other`).worker).members()).toEqual([]);
});
