/** `try --preset=NAME`: builders and properties that files keep under a name. */
import { nearest, sanitizeName, UserError } from '@buildbot/shared';
import type { Preset, Settings, SettingValues } from './settings.ts';

/**
 * The settings with what the preset says in place of what files say; flags (`given`) go before both.
 * @throws UserError when there is no preset of this name
 */
export function withPreset<S extends Settings>(settings: S, given: SettingValues, name: string): S {
  const { builders, properties } = presetOf(settings, name);
  return {
    ...settings,
    builders: given.builders ?? builders ?? settings.builders,
    properties: { ...settings.properties, ...properties, ...given.properties },
  };
}

function presetOf({ presets }: Settings, name: string): Preset {
  const preset = Object.hasOwn(presets, name) ? presets[name] : undefined;
  if (preset !== undefined) return preset;
  const names = Object.keys(presets).sort();
  const close = nearest(name, names);
  const known = names.length === 0 ? 'No file of settings has presets.' : `There are ${names.join(', ')}.`;
  throw new UserError(`there is no preset '${sanitizeName(name, { maxLength: 80 })}'`, {
    hint: close === undefined ? known : `Did you mean '${close}'?`,
  });
}
