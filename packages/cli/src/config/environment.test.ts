import { expect, it } from 'vitest';
import { readEnvironment } from './environment.ts';

it.each([
  [{}, { allowsColour: true, forcesColour: false, wantsPlain: false }],
  [{ NO_COLOR: '1' }, { allowsColour: false }],
  [
    { NO_COLOR: '1', FORCE_COLOR: '1' },
    { allowsColour: true, forcesColour: true },
  ],
  [{ FORCE_COLOR: '0' }, { allowsColour: false, forcesColour: false }],
  [{ TERM: 'dumb' }, { allowsColour: false, wantsPlain: true }],
  [{ CI: 'true' }, { allowsColour: true, wantsPlain: true }],
  [{ CI: 'false' }, { wantsPlain: false }],
  [{ ACCESSIBLE: '1' }, { wantsPlain: true }],
])('%o means %o', (env, meant) => {
  expect(readEnvironment({ HOME: '/h', ...env })).toMatchObject(meant);
});

it('has its folders below HOME, or where XDG says', () => {
  expect(readEnvironment({ HOME: '/h' })).toMatchObject({
    configDir: '/h/.config/buildbot',
    cacheDir: '/h/.cache/buildbot',
    stateDir: '/h/.local/state/buildbot',
  });
  const env = { HOME: '/h', XDG_CONFIG_HOME: '/c', XDG_CACHE_HOME: '/k', XDG_STATE_HOME: '/s' };
  expect(readEnvironment(env)).toMatchObject({
    configDir: '/c/buildbot',
    cacheDir: '/k/buildbot',
    stateDir: '/s/buildbot',
  });
});

it('takes a heartbeat as a duration, and nothing else', () => {
  expect(readEnvironment({}).heartbeatMs).toBe(undefined);
  expect(readEnvironment({ BUILDBOT_HEARTBEAT: '1m30s' }).heartbeatMs).toBe(90_000);
  for (const text of ['soon', '0s', '-1s'])
    expect(() => readEnvironment({ BUILDBOT_HEARTBEAT: text })).toThrow(/BUILDBOT_HEARTBEAT/);
});
