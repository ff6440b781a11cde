import { expect, it } from 'vitest';
import { bcrypt, bcryptSettings } from './bcrypt.ts';

/** Published vectors of OpenBSD's and jBCrypt's test suites; the empty one is from libxcrypt. */
const VECTORS: [password: string, hash: string][] = [
  ['', '$2b$06$DCq7YPn5Rq63x1Lad4cll.TV4S6ytwfsfvkgY8jIucDrjc8deX1s.'],
  ['a', '$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe'],
  ['abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  ['abcdefghijklmnopqrstuvwxyz', '$2a$06$.rCVZVOThsIa97pEDOxvGuRRgzG64bvtJ0938xuqzv18d3ZpQhstC'],
  ['~!@#$%^&*()      ~!@#$%^&*()PNBFRD', '$2a$06$fPIsBO8qRqkjj273rfaOI.HtSV9jLDpTbZn782DC6/t7qT67P6FfO'],
  ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
];

it.each(VECTORS)('agrees with the published hash of %j', async (password, hash) => {
  const settings = bcryptSettings(hash);
  expect(settings).not.toBeNull();
  expect(`${hash.slice(0, 29)}${await bcrypt(password, settings as never)}`).toBe(hash);
});

it('counts the first 72 bytes only, and a character may be several', async () => {
  const settings = { cost: 4, salt: 'C'.repeat(21).concat('.') };
  const long = 'ü'.repeat(36);
  expect(await bcrypt(`${long}x`, settings)).toBe(await bcrypt(`${long}y`, settings));
  expect(await bcrypt(long.slice(1), settings)).not.toBe(await bcrypt(long, settings));
});

it.each([
  '',
  '$2x$10$',
  '$1$abc$def',
  '$2b$10$short',
  '$2b$1$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
])('takes %j for no hash of its own', (hash) => expect(bcryptSettings(hash)).toBeNull());
