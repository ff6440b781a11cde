/**
 * Working copies as people have them, all the way: snapshot, SSH, master, worker. The folder that a build ran in holds
 * what the working copy holds, name for name, byte for byte, with modes and links. One master and one worker build
 * them all, from the repository that a property names, so the states run one after the other.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
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
let dir: string;

beforeAll(async () => {
  const source = { type: 'git', repository: '%(prop:remote)s', mode: 'full', method: 'clobber' };
  world = await createWorld({
    builders: { tree: [source, { type: 'shell', name: 'tree', command: ['git', 'write-tree'] }] },
  });
});
beforeEach(() => {
  dir = mkdtempSync(join(world.dir, 'state-'));
});
afterEach(() => rmSync(dir, { recursive: true }));
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

/** Make the state and try it. There is no `.buildbot`: it would be one more file of the working copy. */
function tryState(state: WorkingCopyState): Promise<Finished> {
  state.build(dir);
  const where = ['--host', 'alice', '--jobdir', world.jobdir, '--ssh-config', world.configFile];
  const remote = `remote=${join(dir, state.remote ?? 'remote.git')}`;
  const args = ['try', '--json', ...where, '-b', 'tree', '--property', remote, ...flagsOf(state.options)];
  const env = { ...sceneEnvironment(dir), LANG: 'C.UTF-8', ...state.env?.(dir) };
  return run(program('cli', ...args), { cwd: join(dir, state.from ?? 'work'), env });
}

/** Where the one worker keeps the tree of its one builder. */
const built = (): string => join(world.dir, 'w1', 'builds', 'tree', 'build');

test.each(accepted)('a working copy with $name is built as it is', async (state) => {
  const { code, stdout, stderr } = await tryState(state);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout)).toMatchObject({ result: 'success' });
  expect(code).toBe(0);
  if (state.compare !== 'tree') compareDisks(state);
  for (const [path, content] of Object.entries(state.holds ?? {})) {
    const file = join(built(), path);
    expect([path, existsSync(file) ? readFileSync(file, 'utf8') : null]).toEqual([path, content]);
  }
});

/** Everything but what git ignores. */
function compareDisks(state: WorkingCopyState): void {
  const git = (...args: string[]): string => {
    const env = { ...sceneEnvironment(dir), ...state.env?.(dir) };
    return execFileSync('git', args, { cwd: join(dir, state.from ?? 'work'), env, encoding: 'latin1' });
  };
  const ignored = git('ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory', ':/');
  const skip = new Set(ignored.split('\0').map((path) => path.replace(/\/$/, '')));
  const top = git('rev-parse', '--show-toplevel').trimEnd();
  expect(filesOnDisk(built(), { skip: new Set() })).toEqual(filesOnDisk(top, { skip }));
}

test.each(refused)(
  'a working copy with $name is refused with 2 and a reason, and nothing is sent',
  async (state) => {
    const before = await count();
    const { code, stderr } = await tryState(state);
    expect(stderr).toMatch(state.reason);
    expect(stderr).not.toContain('refused:');
    expect(code).toBe(2);
    expect(await count()).toBe(before);
  },
);

async function count(): Promise<number> {
  return (await world.api<{ buildsets: object[] }>('/api/v2/buildsets')).buildsets.length;
}
