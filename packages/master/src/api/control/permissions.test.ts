import { describe, expect, it } from 'vitest';
import { permission, type Verb } from './permissions.ts';

const VERBS: Verb[] = [
  'stop',
  'rebuild',
  'cancel',
  'unshelve',
  'set_priority',
  'force',
  'enable scheduler',
  'control worker',
  'reconfigure master',
  'stop master',
];
const allowed = (user: string, door: 'socket' | 'gateway' | 'tcp', submitter: string | null) =>
  VERBS.filter((verb) => permission({ user, door }, { verb, submitter }).allowed);

describe('permission', () => {
  it('lets the administrator do everything', () => {
    expect(allowed('administrator', 'socket', 'bob')).toEqual(VERBS);
  });

  it('lets a try user rule over their own builds, and force', () => {
    expect(allowed('alice', 'gateway', 'alice')).toEqual(['stop', 'rebuild', 'cancel', 'unshelve', 'force']);
  });

  it('keeps a try user away from the builds of others and of the master itself', () => {
    expect(allowed('alice', 'gateway', 'bob')).toEqual(['force']);
    expect(allowed('alice', 'gateway', null)).toEqual(['force']);
  });

  it('keeps a try user who is called administrator away all the same', () => {
    expect(allowed('administrator', 'gateway', 'bob')).toEqual(['force']);
  });

  it('lets nobody change anything over TCP, whoever they say they are', () => {
    expect(allowed('administrator', 'tcp', 'administrator')).toEqual([]);
  });

  it('says to whom a build belongs', () => {
    const decision = permission({ user: 'alice', door: 'gateway' }, { verb: 'stop', submitter: 'bob' });
    expect(decision).toEqual({
      allowed: false,
      reason: 'stop: this was asked for by bob, and you are alice',
    });
  });
});
