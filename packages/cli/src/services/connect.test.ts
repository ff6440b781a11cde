import { expect, it } from 'vitest';
import type { Settings } from '../config/settings.ts';
import { connectionWords, masterLink, quoteWord } from './connect.ts';
import type { Runtime } from './runtime.ts';

const link = (settings: Partial<Settings>) =>
  masterLink({ connect: 'ssh', ...settings } as Settings, { environment: {} } as Runtime);

it('goes to the address of the API when there is one', async () => {
  expect((await link({ api: 'unix:/srv/master.sock', host: 'ci' })).name).toBe('unix:/srv/master.sock');
});

it('refuses a kind of connection that it does not speak', async () => {
  await expect(link({ connect: 'pb', host: 'ci' })).rejects.toThrow("connect: 'pb' is not spoken");
});

it('asks where the master is when nothing says it', async () => {
  await expect(link({})).rejects.toMatchObject({ hint: expect.stringContaining('--host and --jobdir') });
});

it('gives back the flags that lead to the same master, and no others', () => {
  const given = { host: 'ci', port: 22, sshConfig: '/home/me/my config', who: 'me', timeout: 5 };
  expect(connectionWords(given)).toEqual([
    '--host',
    'ci',
    '--port',
    '22',
    '--ssh-config',
    "'/home/me/my config'",
  ]);
});

it.each([
  ['a/b.c', 'a/b.c'],
  ["o'neill", "'o'\\''neill'"],
  ['$(x)', "'$(x)'"],
])('quotes %s as %s', (word, quoted) => {
  expect(quoteWord(word)).toBe(quoted);
});
