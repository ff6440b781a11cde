/** Everything that this room knows about people, made once and shared by requests, upgrades and logins. */
import { Audit } from './audit.ts';
import { Credentials, type CredentialsDeps } from './credentials.ts';
import { Delays } from './delays.ts';
import { Entrance, type EntranceSettings } from './entrance.ts';
import { Logins } from './logins.ts';

export interface PeopleDeps extends CredentialsDeps {
  settings(): EntranceSettings;
}

export type People = ReturnType<typeof createPeople>;

export function createPeople(deps: PeopleDeps) {
  const { settings, clock } = deps;
  const credentials = new Credentials(deps);
  const audit = new Audit(deps);
  const shared = { settings, credentials, audit, clock, delays: new Delays(() => clock.monotonic()) };
  const { random, logger } = deps;
  return { ...shared, entrance: new Entrance(shared), logins: new Logins({ ...shared, random, logger }) };
}
