import { expect, test } from 'vitest';
import { Accounts } from './accounts.ts';

const accounts = new Accounts([{ workerId: 1, name: 'w1', password: 'secret' }]);

test('name and password together let a worker in', () => {
  expect(accounts.admit('w1', 'secret')).toMatchObject({ ok: true, account: { workerId: 1 } });
});

test.each([
  ['w1', 'Secret', 'wrong-password'],
  ['w1', '', 'wrong-password'],
  ['w2', 'secret', 'unknown-worker'],
  ['w2', '', 'unknown-worker'],
  ['constructor', '', 'unknown-worker'],
])('%s with %j is refused as %s', (name, password, code) => {
  expect(accounts.admit(name, password)).toMatchObject({ ok: false, code });
});
