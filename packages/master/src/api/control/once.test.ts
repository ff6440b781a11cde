import { describe, expect, it } from 'vitest';
import { RpcFailure } from './json-rpc.ts';
import { onceOf } from './once.ts';

const ROW = { name: 'force' };
const once = (params: Record<string, unknown>, method = 'force', row: Record<string, unknown> = ROW) =>
  onceOf('forceschedulers', row, { id: 1, method, params });

describe('onceOf', () => {
  it('is nothing without a key', () => {
    expect(once({ reason: 'x' })).toBeNull();
    expect(once({ idempotency_key: null })).toBeNull();
  });

  it('knows the same wish again, in whatever order it is written, and the key is no part of it', () => {
    const first = once({ idempotency_key: 'a', reason: 'x', branch: 'main' });
    expect(first).toMatchObject({ key: 'a' });
    expect(once({ branch: 'main', reason: 'x', idempotency_key: 'a' })).toEqual(first);
    expect(once({ idempotency_key: 'b', reason: 'x', branch: 'main' })?.digest).toBe(first?.digest);
  });

  it.each([
    ['other parameters', once({ idempotency_key: 'a', reason: 'y' })],
    ['another method', once({ idempotency_key: 'a', reason: 'x' }, 'rebuild')],
    ['another object', once({ idempotency_key: 'a', reason: 'x' }, 'force', { name: 'nightly' })],
    ['another build', once({ idempotency_key: 'a', reason: 'x' }, 'force', { buildid: 2 })],
  ])('takes %s for another wish', (_what, other) => {
    expect(other?.digest).not.toBe(once({ idempotency_key: 'a', reason: 'x' })?.digest);
  });

  it.each(['', 'two words', 'x'.repeat(129), 'é', 5])('refuses the key %j', (key) => {
    expect(() => once({ idempotency_key: key })).toThrow(RpcFailure);
  });
});
