import { describe, expect, test } from 'vitest';
import { Refused } from '../refused.ts';
import { checkPlan, planStaging, type StagingWish } from './staging.ts';
import type { StatusEntry } from './status.ts';

const HEAD = { mode: '100644', id: '1'.repeat(40) };
const NOTHING = { mode: '000000', id: '0'.repeat(40) };

function changed(path: string, letters: string, head = HEAD): StatusEntry {
  const [staged = '', unstaged = ''] = letters;
  return { kind: 'changed', path, staged, unstaged, head };
}

const ENTRIES: readonly StatusEntry[] = [
  changed('staged', 'M.'),
  changed('added', 'A.', NOTHING),
  changed('edited', '.M'),
  changed('gone', '.D'),
  changed('planned', '.A', NOTHING),
  { kind: 'untracked', path: 'new' },
  { kind: 'ignored', path: 'noise.log' },
];

function plan(wish: Partial<StagingWish> = {}, entries = ENTRIES) {
  return planStaging(entries, { untracked: true, staged: false, named: null, ...wish });
}

describe('what goes into the tree', () => {
  test('is everything there, untracked files marked', () => {
    expect(plan()).toMatchObject({
      add: ['edited', 'planned', 'new'],
      remove: ['gone'],
      reset: [],
      untracked: new Set(['new']),
    });
    expect(plan().leftOut).toEqual({ ignored: ['noise.log'], untracked: [], unstaged: [], 'not-named': [] });
  });

  test('is the index as it is when only staged changes are wanted', () => {
    expect(plan({ staged: true })).toMatchObject({ add: [], remove: [], reset: [] });
    expect(plan({ staged: true }).leftOut).toMatchObject({
      unstaged: ['edited', 'gone', 'planned'],
      untracked: ['new'],
    });
  });

  test('is without untracked files on demand', () => {
    expect(plan({ untracked: false })).toMatchObject({
      add: ['edited', 'planned'],
      leftOut: { untracked: ['new'] },
    });
  });

  test('is HEAD again for what is staged and not named', () => {
    const { add, reset, leftOut } = plan({ named: new Set(['edited']) });
    expect(add).toEqual(['edited']);
    expect(reset).toEqual([
      { path: 'staged', to: HEAD },
      { path: 'added', to: null },
    ]);
    expect(leftOut['not-named']).toEqual(['staged', 'added', 'gone', 'planned', 'new']);
  });
});

describe('a plan is refused', () => {
  const conflict: StatusEntry = { kind: 'unmerged', path: 'conflict', head: HEAD };
  const repository: StatusEntry = { kind: 'untracked', path: 'vendored/' };

  test('for a conflict and for a repository inside', () => {
    expect(() => checkPlan(plan({}, [conflict]))).toThrow(Refused);
    expect(() => checkPlan(plan({}, [repository]))).toThrow(/vendored\//);
  });

  test('but not when they do not travel', () => {
    const named = plan({ named: new Set() }, [conflict]);
    expect(() => checkPlan(named)).not.toThrow();
    expect(named.reset).toEqual([{ path: 'conflict', to: HEAD }]);
    expect(() => checkPlan(plan({ untracked: false }, [repository]))).not.toThrow();
  });
});
