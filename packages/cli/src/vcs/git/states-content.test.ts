/** Content, kinds and names of files: see `states.contract.ts` for what each state goes through. */

import { expect, test } from 'vitest';
import { contentStates } from '../../../../../test/support/working-copies/content-states.ts';
import { nameStates } from '../../../../../test/support/working-copies/name-states.ts';
import { workingCopyStates } from '../../../../../test/support/working-copy-states.ts';
import { testStates } from './states.contract.ts';

testStates([...contentStates, ...nameStates]);

test('each state has a name of its own', () => {
  const names = workingCopyStates.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThanOrEqual(45);
});
