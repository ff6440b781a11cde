import { UserError, userSettingsSchema } from '@buildbot/shared';
import { describe, expect, it } from 'vitest';
import { propertyOf, settingFlags, settingsOfFlags, TRY_KEYS } from './flags.ts';
import { SETTINGS } from './settings.ts';

describe('the table of settings', () => {
  it('names exactly the keys that the files know', () => {
    expect(SETTINGS.map(({ key }) => key).sort()).toEqual(Object.keys(userSettingsSchema.shape).sort());
  });

  it('has a flag for every setting but those of --local and --preset', () => {
    expect(SETTINGS.filter(({ flag }) => flag === null).map(({ key }) => key)).toEqual(['presets', 'local']);
  });

  it("keeps the names that Buildbot's own client has", () => {
    const flags = Object.keys(settingFlags(TRY_KEYS));
    for (const name of [
      'connect',
      'host',
      'port',
      'username',
      'jobdir',
      'builder',
      'properties',
      'vc',
      'branch',
      'topdir',
      'topfile',
      'wait',
      'quiet',
      'who',
      'comment',
      'buildbotbin',
      'ssh',
      'repository',
    ]) {
      expect(flags).toContain(name);
    }
  });
});

describe('flags as settings', () => {
  it('say nothing about what was not given', () => {
    expect(settingsOfFlags({})).toEqual({});
  });

  it('take properties apart at commas and at the first equals sign', () => {
    expect(settingsOfFlags({ properties: ['a=1,b=x=y', 'c='] })).toEqual({
      properties: { a: '1', b: 'x=y', c: '' },
    });
  });

  it.each(['', '=1', 'novalue'])('refuse %j as a property', (text) => {
    expect(() => propertyOf(text)).toThrow(UserError);
  });

  it('refuse an empty builder and a timeout that is none', () => {
    expect(() => settingsOfFlags({ builder: [''] })).toThrow(UserError);
    expect(() => settingsOfFlags({ timeout: 'soon' })).toThrow(/not a duration/);
    expect(settingsOfFlags({ timeout: '1h05m' })).toEqual({ timeout: 3_900_000 });
  });
});
