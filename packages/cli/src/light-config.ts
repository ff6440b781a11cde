/** oclif's configuration without what loading it would read and start: 15 ms of a light command's 100 (2026-11). */
import { Config } from '@oclif/core';

/** As much of oclif's configuration as running one command needs: no plug-ins, no hooks, no files. */
class LightConfig extends Config {
  override runHook(): ReturnType<Config['runHook']> {
    return Promise.resolve({ successes: [], failures: [] });
  }
}

/** For running one command. */
export function lightConfig(version: string): Config {
  const config = new LightConfig({ root: '/' });
  return Object.assign(config, {
    bin: 'buildbot',
    name: 'buildbot',
    version,
    pjson: { name: 'buildbot', version, oclif: { bin: 'buildbot' } },
  });
}
