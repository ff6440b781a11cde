import { expect, test } from 'vitest';
import { Accounts } from './accounts.ts';

const BOOT_ID = 'a'.repeat(32);
const accounts = new Accounts([{ workerId: 1, name: 'w1', password: 'secret' }]);

test('name and password together let a worker in', () => {
  expect(accounts.admit('w1', 'secret', BOOT_ID)).toMatchObject({ ok: true, account: { workerId: 1 } });
});

test.each([
  ['w1', 'Secret', 'wrong-password'],
  ['w1', '', 'wrong-password'],
  ['w2', 'secret', 'unknown-worker'],
  ['w2', '', 'unknown-worker'],
  ['constructor', '', 'unknown-worker'],
])('%s with %j is refused as %s', (name, password, code) => {
  expect(accounts.admit(name, password, BOOT_ID)).toMatchObject({ ok: false, code });
});

test("a worker that was taken out is known by the boot id of its process, and its name is nobody else's key", () => {
  const former = { workerId: 2, name: 'w2', bootId: BOOT_ID };
  const both = new Accounts([{ workerId: 1, name: 'w1', password: 'secret' }], [former]);
  expect(both.admit('w2', 'any', BOOT_ID)).toMatchObject({ ok: true, account: { workerId: 2 } });
  expect(both.admit('w2', BOOT_ID, 'b'.repeat(32))).toMatchObject({ ok: false, code: 'unknown-worker' });
  expect(both.admit('w1', 'any', BOOT_ID)).toMatchObject({ ok: false, code: 'wrong-password' });
  const gone = new Accounts([], [{ ...former, bootId: null }]);
  expect(gone.admit('w2', '', '')).toMatchObject({ ok: false, code: 'unknown-worker' });
});
