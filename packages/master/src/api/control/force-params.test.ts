import { describe, expect, it } from 'vitest';
import { parseForce } from './force-params.ts';
import { RpcFailure } from './json-rpc.ts';

const detailOf = (params: Record<string, unknown>) => {
  try {
    parseForce(params);
  } catch (error) {
    if (error instanceof RpcFailure) return error.detail;
    throw error;
  }
  return null;
};

describe('parseForce', () => {
  it('takes what the web form sends: the builder as text, empty fields, a priority', () => {
    const sent = {
      builderid: '2',
      username: '',
      reason: '',
      priority: 0,
      branch: '',
      project: '',
      repository: '',
      revision: '',
    };
    expect(parseForce(sent)).toEqual({
      builderNames: [],
      input: {
        builderIds: [2],
        reason: 'force build',
        branch: null,
        revision: null,
        repository: '',
        project: '',
        properties: {},
        priority: 0,
      },
    });
  });

  it('makes properties of every other name, and none of the owner that a client claims to be', () => {
    expect(parseForce({ answer: 42, owner: 'root' }).input.properties).toEqual({ answer: 42 });
  });

  it('answers a wrong field with a text under its name', () => {
    expect(detailOf({ builderid: 'x', reason: 5 })).toMatchObject({
      builderid: expect.stringContaining('builderid: '),
      reason: expect.stringContaining('reason: '),
    });
  });

  it('says of a user name what the form of the web UI expects, and leaves it otherwise', () => {
    const username = "username: please fill in email address in the form 'User <email@email.com>'";
    expect(detailOf({ username: 'just me' })).toEqual({ username });
    const params = { username: 'User <email@email.com>', answer: 42 };
    expect(parseForce(params).input.properties).toEqual({ answer: 42 });
  });

  it.each(['workername', '__proto__', 'constructor', 'a\u0000b'])('refuses the property %j', (name) => {
    const params = JSON.parse(`{${JSON.stringify(name)}: 1}`) as Record<string, unknown>;
    expect(Object.keys(detailOf(params) ?? {})).toContain(name);
  });
});
