import { expect, test } from 'vitest';
import { type Fingerprint, recipeChange } from './fingerprint.ts';

const step = (name: string, digest = name) => ({ name, digest });
const before: Fingerprint = { settings: 's', steps: [step('git'), step('make'), step('pack')] };

test('a build goes on by the same recipe, and by one that differs in what comes later', () => {
  expect(recipeChange(before, before, 2)).toBeNull();
  const later = { ...before, steps: [step('git'), step('make'), step('upload'), step('tell')] };
  expect(recipeChange(before, later, 1)).toBeNull();
  expect(recipeChange(before, { ...before, steps: before.steps.slice(0, 2) }, 1)).toBeNull();
});

test.each<[string, Fingerprint['steps']]>([
  ['another text', [step('git'), step('make', 'other'), step('pack')]],
  ['another name', [step('git'), step('build', 'make'), step('pack')]],
  ['another place', [step('git'), step('pack'), step('make')]],
  ['nothing left', [step('git')]],
])('a step that it is in or has behind it may not be another: %s', (_name, steps) => {
  expect(recipeChange(before, { ...before, steps }, 1)).toBe(
    "step 'make' was changed in the configuration while the master was away",
  );
});

test('neither may the environment and the properties', () => {
  expect(recipeChange(before, { ...before, settings: 'other' }, 0)).toContain('environment');
});
