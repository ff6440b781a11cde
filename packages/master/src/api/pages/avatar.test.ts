import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createWorld } from '../testing/world.ts';
import { avatarAnswer } from './avatar.ts';

const draw = (params: Record<string, string>) => avatarAnswer(new URLSearchParams(params)).text();

test('a person has the same picture at every visit, and another one than others', async () => {
  const alice = await draw({ email: 'alice@example.org' });
  expect(await draw({ email: 'Alice@Example.org' })).toBe(alice);
  expect(await draw({ email: 'bob@example.org' })).not.toBe(alice);
  expect(await draw({ email: 'alice@example.org', size: '64' })).toContain('width="64" height="64"');
});

test('nothing that is asked for becomes markup', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), fc.string(), async (email, username) => {
      const picture = await draw({ email, username });
      expect(picture.match(/<\/?\w+/g)).toEqual(['<svg', '<rect', '<text', '</text', '</svg']);
      expect(picture).toMatch(/>[\p{L}\p{N}\p{M}?]{1,3}<\/text>/u);
    }),
  );
});

test('the API answers with a picture that can do nothing, and refuses a size that is none', async () => {
  const world = await createWorld();
  try {
    const { status, headers } = await world.get('/avatar?email=a@example.org&size=20');
    expect([status, headers.get('content-type')]).toEqual([200, 'image/svg+xml']);
    expect(headers.get('content-security-policy')).toContain('sandbox');
    for (const size of ['x', '0', '-1', '1e3', '100000'])
      expect((await world.get(`/avatar?size=${size}`)).status).toBe(400);
  } finally {
    await world.close();
  }
});
