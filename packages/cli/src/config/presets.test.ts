import { expect, it } from 'vitest';
import { withPreset } from './presets.ts';
import { mergeSettings } from './settings.ts';

const tree = {
  builders: ['linux', 'mac'],
  properties: { color: 'blue', size: '1' },
  presets: { quick: { builders: ['linux'], properties: { size: '2', tests: 'smoke' } }, bare: {} },
};
const own = { presets: { quick: { builders: ['win'] }, mine: { builders: ['win'] } } };

it('goes before files and behind flags', () => {
  expect(withPreset(mergeSettings(tree), {}, 'quick')).toMatchObject({
    builders: ['linux'],
    properties: { color: 'blue', size: '2', tests: 'smoke' },
  });
  const given = { builders: ['mac'], properties: { size: '3' } };
  expect(withPreset(mergeSettings(given, tree), given, 'quick')).toMatchObject({
    builders: ['mac'],
    properties: { color: 'blue', size: '3', tests: 'smoke' },
  });
});

it('leaves to files what it does not say', () => {
  expect(withPreset(mergeSettings(tree), {}, 'bare')).toMatchObject({
    builders: tree.builders,
    properties: tree.properties,
  });
});

it('may be of the tree or of the user, and that of the tree counts where both have one', () => {
  const settings = mergeSettings({}, tree, own);
  expect(withPreset(settings, {}, 'mine').builders).toEqual(['win']);
  expect(withPreset(settings, {}, 'quick').builders).toEqual(['linux']);
});

it.each([
  ['quik', "Did you mean 'quick'?"],
  ['zzzzzzzz', 'There are bare, quick.'],
  ['constructor', 'There are bare, quick.'],
])('that is not there is refused: %s', (name, hint) => {
  expect(() => withPreset(mergeSettings(tree), {}, name)).toThrow(
    expect.objectContaining({ message: `there is no preset '${name}'`, hint, exitCode: 2 }),
  );
});

it('without presets in the files every name is refused', () => {
  expect(() => withPreset(mergeSettings(), {}, 'quick')).toThrow(
    expect.objectContaining({ hint: 'No file of settings has presets.' }),
  );
});
