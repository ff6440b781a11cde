import { type AccessConfig, accessSchema, CONTROL_VERBS } from '@buildbot/shared';
import { describe, expect, it } from 'vitest';
import type { Caller, Proof } from '../../ports/caller.ts';
import { isAdministrator, mayRead, permission, type Wish } from './permissions.ts';

const CLOSED = accessSchema.parse({});
const RULES = accessSchema.parse({
  read: 'users',
  roles: { admins: ['root', 'group:ops'], devs: ['email:*@example.org'] },
  rules: [
    { allow: ['*'], to: ['admins'] },
    { allow: ['force', 'rebuild'], to: ['devs'], builders: ['linux-*'] },
    { allow: ['stop'], to: ['devs'], projects: ['app'] },
  ],
});

const wish = (change: Partial<Wish> = {}): Wish => ({
  ...{ verb: 'stop', submitter: null, builders: [], projects: [] },
  ...change,
});

function allowed(caller: Caller, submitter: string | null, access: AccessConfig = CLOSED) {
  return CONTROL_VERBS.filter((verb) => permission(caller, wish({ verb, submitter }), access).allowed);
}

function proven(user: string, proof: Partial<Proof> & { groups?: string[]; email?: string } = {}): Caller {
  const { groups = [], email = null, ...rest } = proof;
  const person = { email, fullName: null, groups };
  return {
    user,
    door: 'tcp',
    proof: { by: 'token', scopes: ['read', 'control'], credentialId: 1, ...rest, person },
  };
}

describe('permission through a door of this machine', () => {
  it('lets the administrator do everything', () => {
    expect(allowed({ user: 'administrator', door: 'socket' }, 'bob')).toEqual([...CONTROL_VERBS]);
  });

  it('lets a try user rule over their own builds, and force', () => {
    const alice: Caller = { user: 'alice', door: 'gateway' };
    expect(allowed(alice, 'alice')).toEqual(['stop', 'rebuild', 'cancel', 'unshelve', 'force']);
  });

  it('keeps a try user away from the builds of others and of the master itself', () => {
    expect(allowed({ user: 'alice', door: 'gateway' }, 'bob')).toEqual(['force']);
    expect(allowed({ user: 'alice', door: 'gateway' }, null)).toEqual(['force']);
  });

  it('keeps a try user who is called administrator away all the same', () => {
    expect(allowed({ user: 'administrator', door: 'gateway' }, 'bob')).toEqual(['force']);
  });

  it('gives a try user the roles of the configuration', () => {
    expect(allowed({ user: 'root', door: 'gateway' }, 'bob', RULES)).toEqual([...CONTROL_VERBS]);
  });

  it('says to whom a build belongs', () => {
    expect(permission({ user: 'alice', door: 'gateway' }, wish({ submitter: 'bob' }), CLOSED)).toEqual({
      allowed: false,
      reason: 'stop: this was asked for by bob, and you are alice',
    });
  });
});

describe('permission over TCP', () => {
  it('lets nobody change anything without a proof, whoever they say they are', () => {
    const claims: Caller = { user: 'root', door: 'tcp' };
    expect(allowed(claims, 'root', RULES)).toEqual([]);
  });

  it('denies by default: without rules people rule over their own builds only', () => {
    expect(allowed(proven('root'), 'root')).toEqual(['stop', 'rebuild', 'cancel', 'unshelve']);
    expect(allowed(proven('root'), 'bob')).toEqual([]);
    expect(allowed(proven('root'), null)).toEqual([]);
  });

  it('gives roles to users and groups', () => {
    expect(allowed(proven('root'), 'bob', RULES)).toEqual([...CONTROL_VERBS]);
    expect(allowed(proven('eve', { groups: ['ops'] }), 'bob', RULES)).toEqual([...CONTROL_VERBS]);
    expect(allowed(proven('eve', { groups: ['devops'] }), 'bob', RULES)).toEqual([]);
    expect(allowed(proven('group:ops'), 'bob', RULES)).toEqual([]);
  });

  it('bounds a rule to builders, all of them', () => {
    const dev = proven('dev', { email: 'Dev@Example.org' });
    const may = (builders: string[]) => permission(dev, wish({ verb: 'force', builders }), RULES).allowed;
    expect(may(['linux-x64', 'linux-arm'])).toBe(true);
    expect(may(['linux-x64', 'mac'])).toBe(false);
    expect(may([])).toBe(false);
  });

  it('bounds a rule to projects, and never where the asker names them', () => {
    const dev = proven('dev', { email: 'dev@example.org' });
    expect(permission(dev, wish({ projects: ['app'] }), RULES).allowed).toBe(true);
    expect(permission(dev, wish({ projects: ['app', 'other'] }), RULES).allowed).toBe(false);
    expect(permission(dev, wish({ projects: [] }), RULES).allowed).toBe(false);
  });

  it('is narrowed by the scopes of a token', () => {
    const reader = proven('root', { scopes: ['read'] });
    expect(allowed(reader, 'root', RULES)).toEqual([]);
    expect(permission(reader, wish(), RULES)).toMatchObject({
      reason: 'stop: this token is for reading only',
    });
    expect(allowed(proven('anyone', { scopes: ['admin'] }), 'bob')).toEqual([...CONTROL_VERBS]);
  });

  it('does not take a name of Object for a role', () => {
    const odd = { ...RULES, rules: [{ allow: ['*' as const], to: ['constructor', '__proto__'] }] };
    expect(allowed(proven('eve'), 'bob', odd)).toEqual([]);
  });
});

describe('reading', () => {
  it('is open to anyone, or to those who proved who they are', () => {
    expect(mayRead({ user: 'anonymous', door: 'tcp' }, CLOSED)).toBe(true);
    expect(mayRead({ user: 'anonymous', door: 'tcp' }, RULES)).toBe(false);
    expect(mayRead(proven('eve'), RULES)).toBe(true);
    expect(mayRead({ user: 'alice', door: 'gateway' }, RULES)).toBe(true);
  });
});

describe('an administrator', () => {
  it('may do everything without bounds', () => {
    expect(isAdministrator({ user: 'x', door: 'socket' }, CLOSED)).toBe(true);
    expect(isAdministrator(proven('root'), RULES)).toBe(true);
    expect(isAdministrator(proven('root', { scopes: ['read'] }), RULES)).toBe(false);
    expect(isAdministrator(proven('dev', { email: 'dev@example.org' }), RULES)).toBe(false);
    expect(isAdministrator({ user: 'root', door: 'tcp' }, RULES)).toBe(false);
    expect(isAdministrator(proven('x', { scopes: ['admin'] }), CLOSED)).toBe(true);
  });
});
