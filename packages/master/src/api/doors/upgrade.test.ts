import { masterConfigSchema } from '@buildbot/shared';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import { silentLogger } from '../../log.ts';
import { createPeople, type People } from '../auth/people.ts';
import { NOBODY } from '../deps.ts';
import { upgradeCaller } from './upgrade.ts';

/** Nobody has a token here. */
function people(config: object): People {
  const { www, access } = masterConfigSchema.parse(config);
  return createPeople({
    settings: () => ({ www, access, proxies: [] }),
    store: {
      audit: async () => undefined,
      validCredentials: async () => [],
      tokens: async () => [],
      revokeCredential: async () => false,
      touchCredential: async () => undefined,
      addCredential: async () => Promise.reject(new Error('not here')),
    },
    clock: systemClock,
    random: (bytes) => new Uint8Array(bytes),
    logger: silentLogger,
  });
}

const OPEN = people({ www: { origins: ['https://ci.example'] } });
const CLOSED = people({ access: { read: 'users' } });

function status(
  url: string,
  headers: Record<string, string>,
  { door = 'tcp', at = OPEN }: { door?: 'tcp' | 'socket'; at?: People } = {},
): string {
  const outcome = upgradeCaller({ url, headers }, { ...NOBODY, door }, at.entrance);
  return 'reason' in outcome ? outcome.status : 'upgraded';
}

describe('upgradeCaller', () => {
  const host = '127.0.0.1:8010';

  it('lets programs, the own page and listed pages in', () => {
    expect(status('/ws', { host })).toBe('upgraded');
    expect(status('/ws', { host, origin: 'http://127.0.0.1:8010' })).toBe('upgraded');
    expect(status('/ws', { host, origin: 'https://ci.example' })).toBe('upgraded');
  });

  it('row 3, CVE-2024-23898: refuses a page from elsewhere', () => {
    expect(status('/ws', { host, origin: 'https://evil' })).toBe('403 Forbidden');
    expect(status('/ws', { host: 'x', origin: 'https://evil' }, { door: 'socket' })).toBe('403 Forbidden');
  });

  it('refuses a foreign name for this machine, over TCP only', () => {
    expect(status('/ws', { host: 'evil.example', origin: 'http://evil.example' })).toBe('403 Forbidden');
    expect(status('/ws', {})).toBe('403 Forbidden');
    expect(status('/ws', { host: 'master' }, { door: 'socket' })).toBe('upgraded');
  });

  it('row 3: refuses tokens in the query, and other paths', () => {
    expect(status('/ws?token=x', { host })).toBe('400 Bad Request');
    expect(status('/api/v2', { host })).toBe('404 Not Found');
    expect(status('//ws', { host })).toBe('404 Not Found');
  });

  it('refuses who may not read, and a token that is none', () => {
    expect(status('/ws', { host }, { at: CLOSED })).toBe('401 Unauthorized');
    expect(status('/ws', { host, authorization: 'Bearer bbt_x' })).toBe('401 Unauthorized');
  });
});
