/**
 * Working copies as people have them, all the way: snapshot, SSH, master, worker. The folder that a build ran in holds
 * what the working copy holds, name for name, byte for byte, with modes and links. One master and one worker build
 * them all, from the repository that a property names. Each builder has a folder of its own, so as many states run at
 * once as there are builders; a state mostly waits for one process after the other.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type Finished, program, run } from '../support/processes.ts';
import { contentStates } from '../support/working-copies/content-states.ts';
import { filesOnDisk } from '../support/working-copies/disk.ts';
import { historyStates } from '../support/working-copies/history-states.ts';
import { nameStates } from '../support/working-copies/name-states.ts';
import { submoduleStates } from '../support/working-copies/submodule-states.ts';
import {
  type StateOptions,
  sceneEnvironment,
  type WorkingCopyState,
} from '../support/working-copy-states.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
/** Builders that nobody uses now; vitest runs at most five tests at once. */
const idle = ['a', 'b', 'c', 'd', 'e'];

beforeAll(async () => {
  const source = { type: 'git', repository: '%(prop:remote)s', mode: 'full', method: 'clobber' };
  world = await createWorld({
    builders: Object.fromEntries(
      idle.map((name) => [name, [source, { type: 'shell', name: 'tree', command: ['git', 'write-tree'] }]]),
    ),
    maxBuilds: idle.length,
  });
});
afterAll(() => world.remove());

/**
 * Where states differ in what travels, all of them; those that differ in how the snapshot is taken (the index, settings)
 * have the snapshot's own tests. `historyFrom` and `maxPatchBytes` are no flags, and without any working copy git is
 * never asked.
 */
const states = [...contentStates, ...nameStates, ...historyStates, ...submoduleStates].filter(
  ({ options = {}, from }) =>
    options.historyFrom === undefined && options.maxPatchBytes === undefined && from !== 'home',
);
const accepted = states.filter((state) => state.expect === 'same-tree' && !state.masterRefuses);
/** What the master would refuse is refused here first. */
const refused = states
  .filter((state) => state.expect === 'refused' || state.masterRefuses)
  .map((state) => ({ ...state, reason: state.masterRefuses ?? state.reason ?? /^$/ }));

/** Options of the snapshot as flags. */
function flagsOf({ untracked, staged, branch, baseRevision, pathspecs }: StateOptions = {}): string[] {
  return [
    ...(untracked === false ? ['--no-untracked'] : []),
    ...(staged === true ? ['--staged'] : []),
    ...(branch === undefined ? [] : [`--branch=${branch}`]),
    ...(baseRevision === undefined ? [] : [`--baserev=${baseRevision}`]),
    ...(pathspecs === undefined ? [] : ['--', ...pathspecs]),
  ];
}

/** A state below an empty folder, and the builder that is to build it. */
interface Scene {
  dir: string;
  builder: string;
}

/** To be called by a test: it is over when its test is. */
function makeScene(state: WorkingCopyState, ended: (clean: () => void) => void): Scene {
  const dir = mkdtempSync(join(world.dir, 'state-'));
  const builder = idle.pop() as string;
  ended(() => {
    rmSync(dir, { recursive: true });
    idle.push(builder);
  });
  state.build(dir);
  return { dir, builder };
}

/** There is no `.buildbot`: it would be one more file of the working copy. */
function tryState(state: WorkingCopyState, { dir, builder }: Scene): Promise<Finished> {
  const where = ['--host', 'alice', '--jobdir', world.jobdir, '--ssh-config', world.configFile];
  const remote = `remote=${join(dir, state.remote ?? 'remote.git')}`;
  const args = ['try', '--json', ...where, '-b', builder, '--property', remote, ...flagsOf(state.options)];
  const env = { ...sceneEnvironment(dir), LANG: 'C.UTF-8', ...state.env?.(dir) };
  return run(program('cli', ...args), { cwd: join(dir, state.from ?? 'work'), env });
}

/** Where the one worker keeps the tree of a builder. */
const built = ({ builder }: Scene): string => join(world.dir, 'w1', 'builds', builder, 'build');

test.concurrent.for(accepted)('a working copy with $name is built as it is', async (state, context) => {
  const { expect } = context;
  const scene = makeScene(state, context.onTestFinished);
  const { code, stdout, stderr } = await tryState(state, scene);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ result: 'success' });
  expect(code).toBe(0);
  if (state.compare !== 'tree')
    expect(filesOnDisk(built(scene), { skip: new Set() })).toEqual(filesToSend(state, scene));
  for (const [path, content] of Object.entries(state.holds ?? {})) {
    const file = join(built(scene), path);
    expect([path, existsSync(file) ? readFileSync(file, 'utf8') : null]).toEqual([path, content]);
  }
});

/** Everything in the working copy but what git ignores. */
function filesToSend(state: WorkingCopyState, { dir }: Scene) {
  const git = (...args: string[]): string => {
    const env = { ...sceneEnvironment(dir), ...state.env?.(dir) };
    return execFileSync('git', args, { cwd: join(dir, state.from ?? 'work'), env, encoding: 'latin1' });
  };
  const ignored = git('ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory', ':/');
  const skip = new Set(ignored.split('\0').map((path) => path.replace(/\/$/, '')));
  const top = git('rev-parse', '--show-toplevel').trimEnd();
  return filesOnDisk(top, { skip });
}

test.each(refused)(
  'a working copy with $name is refused with 2 and a reason, and nothing is sent',
  async (state) => {
    const before = await count();
    const { code, stderr } = await tryState(state, makeScene(state, onTestFinished));
    expect(stderr).toMatch(state.reason);
    expect(stderr).not.toContain('refused:');
    expect(code).toBe(2);
    expect(await count()).toBe(before);
  },
);

async function count(): Promise<number> {
  return (await world.api<{ buildsets: object[] }>('/api/v2/buildsets')).buildsets.length;
}
