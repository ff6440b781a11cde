/**
 * Every working-copy state goes the whole way: snapshot, fresh clone of what the master has, `git apply
 * --index`, and the result is the developer's tree in git's eyes and on disk. The snapshot itself leaves no trace. The
 * states are spread over several test files, which run side by side.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkPatch } from '@buildbot/shared';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { filesOnDisk, traceOf } from '../../../../../test/support/working-copies/disk.ts';
import { checkOutElsewhere } from '../../../../../test/support/working-copies/elsewhere.ts';
import { sceneEnvironment, type WorkingCopyState } from '../../../../../test/support/working-copy-states.ts';
import type { Snapshot, VcsDeps } from '../port.ts';
import { createGitVcs } from './git.ts';

let dir: string;

/** One test for each of the states. */
export function testStates(states: readonly WorkingCopyState[]): void {
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'buildbot-states-'));
  });
  afterEach(() => {
    rmSync(dir, { recursive: true });
  });
  // Not `test.each`, which cuts long names.
  for (const state of states)
    test(`${state.expect}: a working copy with ${state.name}`, () => goTheWholeWay(state));
}

function depsOf(env: Record<string, string> = {}): VcsDeps {
  const folder = join(dir, 'tmp');
  mkdirSync(folder);
  return { env: { ...sceneEnvironment(dir), ...env }, tmpdir: folder };
}

async function goTheWholeWay(state: WorkingCopyState): Promise<void> {
  state.build(dir);
  const deps = depsOf(state.env?.(dir));
  const from = join(dir, state.from ?? 'work');
  const before = traceOf(dir);

  const outcome = await createGitVcs(deps).snapshot({ ...state.options, dir: from });

  expect(traceOf(dir), 'the snapshot left a trace').toEqual(before);
  expect(readdirSync(deps.tmpdir)).toEqual([]);
  expect(existsSync(join(dir, 'ran')), 'a program of the user’s was run').toBe(false);
  if (state.expect === 'refused') {
    expect(outcome).toMatchObject({ ok: false, reason: expect.stringMatching(state.reason ?? /^$/) });
    return;
  }
  if (!outcome.ok) throw new Error(`refused: ${outcome.reason}`);
  const { snapshot } = outcome;
  const elsewhere = checkOutElsewhere({
    dir,
    remote: join(dir, state.remote ?? 'remote.git'),
    sent: snapshot,
  });
  expect(elsewhere.tree).toBe(snapshot.tree);
  expect(masterSays(snapshot)).toEqual(
    state.masterRefuses ? expect.stringMatching(state.masterRefuses) : 'yes',
  );
  expect(snapshot.leftOut.map(({ why }) => why)).toEqual(
    expect.arrayContaining([...(state.leavesOut ?? [])]),
  );
  expect(snapshot.files.map(({ path }) => path)).toEqual(expect.arrayContaining([...(state.sends ?? [])]));
  if (state.compare !== 'tree') compareDisks(snapshot, elsewhere.folder);
  for (const [path, content] of Object.entries(state.holds ?? {})) {
    expect([path, elsewhere.textOf(path)]).toEqual([path, content]);
  }
}

function masterSays({ patch, patchLevel, files }: Snapshot): string {
  const checked = checkPatch(patch ?? new Uint8Array(), { level: patchLevel });
  if (checked.ok) expect(checked.files.length).toBeGreaterThanOrEqual(files.length);
  return checked.ok ? 'yes' : checked.reason;
}

/** Ignored files stay behind; which they are is git's word, not the snapshot's. */
function compareDisks(snapshot: Snapshot, elsewhere: string): void {
  const isAnyIgnored = snapshot.leftOut.some(({ why }) => why === 'ignored');
  const options = { skip: new Set(isAnyIgnored ? ignoredPaths(snapshot.topdir) : []) };
  expect(filesOnDisk(elsewhere, options)).toEqual(filesOnDisk(snapshot.topdir, options));
}

function ignoredPaths(topdir: string): string[] {
  const args = ['ls-files', '-z', '--others', '--ignored', '--exclude-standard', '--directory'];
  const output = execFileSync('git', args, { cwd: topdir, env: sceneEnvironment(dir), encoding: 'latin1' });
  return output.split('\0').map((path) => path.replace(/\/$/, ''));
}
