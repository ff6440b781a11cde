import { describe, expect, it } from 'vitest';
import { NOBODY } from '../deps.ts';
import { upgradeRefusal } from './upgrade.ts';

const status = (url: string, headers: Record<string, string>, door: 'tcp' | 'socket' = 'tcp') =>
  upgradeRefusal({ url, headers }, { ...NOBODY, door }, ['https://ci.example'])?.status ?? 'upgraded';

describe('upgradeRefusal', () => {
  const host = '127.0.0.1:8010';

  it('lets programs, the own page and listed pages in', () => {
    expect(status('/ws', { host })).toBe('upgraded');
    expect(status('/ws', { host, origin: 'http://127.0.0.1:8010' })).toBe('upgraded');
    expect(status('/ws', { host, origin: 'https://ci.example' })).toBe('upgraded');
  });

  it('refuses a page from elsewhere', () => {
    expect(status('/ws', { host, origin: 'https://evil' })).toBe('403 Forbidden');
    expect(status('/ws', { host: 'x', origin: 'https://evil' }, 'socket')).toBe('403 Forbidden');
  });

  it('refuses a foreign name for this machine, over TCP only', () => {
    expect(status('/ws', { host: 'evil.example', origin: 'http://evil.example' })).toBe('403 Forbidden');
    expect(status('/ws', {})).toBe('403 Forbidden');
    expect(status('/ws', { host: 'master' }, 'socket')).toBe('upgraded');
  });

  it('refuses tokens in the query, and other paths', () => {
    expect(status('/ws?token=x', { host })).toBe('400 Bad Request');
    expect(status('/api/v2', { host })).toBe('404 Not Found');
    expect(status('//ws', { host })).toBe('404 Not Found');
  });
});
