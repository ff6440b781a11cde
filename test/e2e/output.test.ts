/** Every command that prints for programs prints what its schema says, at every end: against a real master. */
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OUTPUT_SCHEMAS } from '@buildbot/shared';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { printedObjects } from '../support/output.ts';
import { program, run, runOk } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let work: string;
/** Of a worker that never ran. */
let workerDir: string;

beforeAll(async () => {
  world = await createWorld({
    builders: {
      passes: [{ type: 'shell', name: 'test', command: 'true' }],
      fails: [{ type: 'shell', name: 'test', command: 'echo broken; exit 1' }],
    },
  });
  work = await world.clone();
  // As an administrator, and without SSH but for tries.
  await appendFile(join(work, '.buildbot'), `api: unix:${join(world.basedir, 'master.sock')}\n`);
  workerDir = join(await mkdtemp(join(tmpdir(), 'output-')), 'w');
  const master = ['--master', 'ws://127.0.0.1:1', '--name', 'w2', '--password', 'x'];
  await runOk(program('worker', 'create', workerDir, ...master));
  // Whatever is named below is there: try 1 with the requests 1 and 2.
  await world.buildbot(work, ['try', '--quiet', '-b', 'passes', '-b', 'fails']);
});

afterAll(async () => {
  await world.remove();
  await rm(join(workerDir, '..'), { recursive: true, force: true });
});

type Run = readonly [args: string, code: number, schema: string];
const done = (args: string): readonly Run[] => [[args, 0, 'buildbot.done/1']];

/** WORKER is the folder of a worker. By the command, each in the order of the lines: what is run, its exit code, and the schema of what it prints. */
const RUNS: Readonly<Record<string, readonly Run[]>> = {
  builders: [['--json', 0, 'buildbot.builders/1']],
  cancel: done('2 --json'),
  force: done('force -b passes --json'),
  rebuild: done('passes/1 --json'),
  'set-worker-availability': done('WORKER reluctant --json'),
  stop: done('fails/1 --json'),
  try: [
    ['--json -b passes -b fails', 1, 'buildbot.try/1'],
    ['--events --follow -b fails', 1, 'buildbot.try.event/1'],
    ['--json -b nobody', 2, 'buildbot.try/1'],
    ['--events --detach -b passes', 75, 'buildbot.try.event/1'],
    ['--dryrun --json', 0, 'buildbot.try.dryrun/1'],
    ['--dryrun --events --baserev nowhere', 2, 'buildbot.try.dryrun/1'],
  ],
  unshelve: done('--all --json'),
  watch: [
    ['--json', 0, 'buildbot.watch/1'],
    ['--events --timeout 1s', 124, 'buildbot.watch.event/1'],
    ['1 --json', 1, 'buildbot.try/1'],
    ['fails/1 --events', 1, 'buildbot.try.event/1'],
    ['--json --api unix:/nowhere', 4, 'buildbot.watch/1'],
    ['--events --api unix:/nowhere', 4, 'buildbot.watch.event/1'],
  ],
  workers: [['--json', 0, 'buildbot.workers/1']],
  'workers pause': done('w1 --json'),
  'workers stop': done('w1 --json'),
  'workers unpause': done('w1 --json'),
  'workers trust': done('w1 --json'),
  'workers set': done('w1 eager --json'),
  'workers kill': done('w1 --json'),
};

describe('a reader that goes away', () => {
  /** The exit code of a command whose output `reader` reads. */
  async function codeOf(words: string, reader: string): Promise<number> {
    const command = program('cli', ...words.split(' ')).map((word) => `'${word}'`);
    const line = `${command.join(' ')} | ${reader} >&2; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await run(['bash', '-c', line], { cwd: work, env: world.env });
    expect(stderr).not.toMatch(/EPIPE|at .*\.js/);
    return Number(stdout);
  }

  test.each(['', ' --events', ' --follow', ' --quiet'])(
    'makes no failing try a passing one: try%s',
    async (form) => {
      // Detached, unless it had ended before anybody could see that nobody reads.
      expect([1, 75]).toContain(await codeOf(`try -b fails${form}`, 'head -1'));
    },
  );

  test('leaves its own result to what prints only at the end', async () => {
    expect(await codeOf('try -b fails --json', 'true')).toBe(1);
    expect(await codeOf('watch 1 --json', 'true')).toBe(1);
  });

  test.each(['builders', 'log fails/1'])('ends %s, which loses nothing by it', async (words) => {
    expect(await codeOf(words, 'true')).toBe(0);
  });
});

const runs = Object.entries(RUNS).flatMap(([command, some]) => some.map((run) => [command, ...run] as const));

test.each(runs)('%s %s ends with %i and prints %s', async (command, args, code, schema) => {
  const words = args.replace('WORKER', workerDir).split(' ');
  const { stdout, stderr, ...ended } = await world.buildbot(work, [...command.split(' '), ...words]);
  expect([ended.code, stderr]).toEqual([code, code === 2 || code === 4 ? expect.stringMatching(/./) : '']);
  const schemas = printedObjects(stdout).map((object) => object.schema);
  expect([...new Set(schemas)]).toEqual([schema]);
});

test('no command that prints for programs, and no schema, is left out', async () => {
  const manifest = await readFile(new URL('../../packages/cli/oclif.manifest.json', import.meta.url), 'utf8');
  const { commands } = JSON.parse(manifest) as { commands: Record<string, { flags: object }> };
  const printing = Object.entries(commands).flatMap(([id, { flags }]) =>
    'json' in flags ? [id.replaceAll(':', ' ')] : [],
  );
  expect(printing.toSorted()).toEqual(Object.keys(RUNS).toSorted());
  expect([...new Set(runs.map(([, , , schema]) => schema))].toSorted()).toEqual(
    [...OUTPUT_SCHEMAS.keys()].toSorted(),
  );
});
