/** Asking ssh for its configuration, and doing without it. */

import { UserError } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { createSshWorld } from '../../../../test/support/ssh-world.ts';
import { resolveHost } from './resolve.ts';

const local = { homeDir: '/home/me', userName: 'me', hostName: 'laptop', env: process.env };

async function setup(...lines: string[]) {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.configure(...lines);
  return { local, configFile: world.configFile };
}

test('follows the configuration of the alias', async () => {
  const deps = await setup('Host farm', 'HostName Build.Example', 'User builder', 'Port 2222');
  expect(await resolveHost(deps, { host: 'farm' })).toMatchObject({
    alias: 'farm',
    hostname: 'build.example',
    user: 'builder',
    port: 2222,
  });
});

test('lets user and port of the target win, and Match see them', async () => {
  const deps = await setup(
    'Match user alice',
    'HostName alices.example',
    'Host farm',
    'User builder',
    'Port 2222',
  );
  expect(await resolveHost(deps, { host: 'farm', user: 'alice', port: 7 })).toMatchObject({
    hostname: 'alices.example',
    user: 'alice',
    port: 7,
  });
});

test('uses the defaults where there is no ssh program', async () => {
  const config = await resolveHost({ local, sshProgram: '/nowhere/ssh' }, { host: 'h', port: 7 });
  expect(config).toMatchObject({ hostname: 'h', port: 7, user: 'me', strictHostKeyChecking: 'ask' });
});

test('says that a configuration file cannot be read without ssh', async () => {
  const deps = { local, sshProgram: '/nowhere/ssh', configFile: '/x' };
  await expect(resolveHost(deps, { host: 'h' })).rejects.toBeInstanceOf(UserError);
});

test('repeats what ssh says of a broken configuration, which is the user’s to put right', async () => {
  const deps = await setup('Hots farm');
  const failure = resolveHost(deps, { host: 'farm' });
  await expect(failure).rejects.toBeInstanceOf(UserError);
  await expect(failure).rejects.toThrow(/line 1.*hots/i);
  const missing = resolveHost({ local, configFile: '/nowhere/config' }, { host: 'farm' });
  await expect(missing).rejects.toBeInstanceOf(UserError);
  await expect(missing).rejects.toThrow('/nowhere/config');
});

test('runs nothing for a hostile name', async () => {
  const deps = await setup();
  for (const host of ['-oProxyCommand=touch x', '-Fx', '$(id)', '']) {
    await expect(resolveHost(deps, { host })).rejects.toBeInstanceOf(UserError);
  }
  await expect(resolveHost(deps, { host: 'h', user: '-oX' })).rejects.toBeInstanceOf(UserError);
  await expect(resolveHost(deps, { host: 'h', port: 0 })).rejects.toBeInstanceOf(UserError);
});

test('stops at a configuration that turns an alias into a hostile name', async () => {
  const deps = await setup('Host farm', 'HostName a;touch');
  await expect(resolveHost(deps, { host: 'farm' })).rejects.toThrow();
});
