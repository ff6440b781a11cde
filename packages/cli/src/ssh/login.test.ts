/** Getting let in, against a real sshd and a real agent: which keys are offered, in which order, and what is asked. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createSshWorld, type SshWorld } from '../../../../test/support/ssh-world.ts';
import { type Sshd, startSshd } from '../../../../test/support/sshd.ts';
import { NotLetInError } from './errors.ts';
import type { SshInteraction } from './interaction.ts';
import { createSshTransport } from './transport.ts';

let sshd: Sshd;
beforeAll(async () => {
  sshd = await startSshd({ extraConfig: 'MaxAuthTries 4' });
});
afterAll(() => sshd.stop());

/** A user without any key yet. The key `name` of `allow` is let in and says its name. */
async function setup(): Promise<{ world: SshWorld; allow: (name: string) => Promise<void> }> {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.trust(sshd.knownHostsLine);
  const allow = async (name: string) => {
    const publicKey = await readFile(`${world.path(name)}.pub`, 'utf8');
    await sshd.authorize(`restrict,command="echo ${name}" ${publicKey}`);
  };
  return { world, allow };
}

/** The server with these lines of configuration instead of its own key and no agent. */
function addHost(world: SshWorld, lines: readonly string[]): Promise<void> {
  return world.configure(
    'Host server',
    'HostName 127.0.0.1',
    `Port ${sshd.port}`,
    `UserKnownHostsFile ${world.knownHostsFile}`,
    'GlobalKnownHostsFile none',
    ...lines,
  );
}

interface Login {
  /** The name of the key that was accepted. */
  readonly key: string;
  readonly notes: readonly string[];
}

async function logIn(world: SshWorld, ask: Omit<SshInteraction, 'note'> = {}, env = {}): Promise<Login> {
  const notes: string[] = [];
  const transport = createSshTransport({
    env: { ...world.env, ...env },
    configFile: world.configFile,
    interaction: { ...ask, note: (line) => notes.push(line) },
  });
  const connection = await transport.connect({ host: 'server' });
  const { duplex, stderr } = await connection.exec(['true']);
  stderr.resume();
  const key = (await text(duplex)).trim();
  connection.close();
  return { key, notes };
}

test.each(['ed25519', 'ecdsa', 'rsa'])('logs in with an %s key file', async (type) => {
  const { world, allow } = await setup();
  await world.newKey('mine', '', type);
  await allow('mine');
  await addHost(world, [`IdentityFile ${world.path('mine')}`, 'IdentityAgent none']);
  expect(await logIn(world)).toEqual({ key: 'mine', notes: [] });
});

test('tries one key file after the other', async () => {
  const { world, allow } = await setup();
  await world.newKey('wrong');
  await world.newKey('right');
  await allow('right');
  const files = ['missing', 'wrong', 'right'].map((name) => `IdentityFile ${world.path(name)}`);
  await addHost(world, [...files, 'IdentityAgent none']);
  expect((await logIn(world)).key).toBe('right');
});

test.each(['ed25519', 'rsa'])('logs in with an %s key that only the agent has', async (type) => {
  const { world, allow } = await setup();
  const key = await world.newKey('held', '', type);
  await allow('held');
  const socket = await world.startAgent(key);
  await rm(key);
  await addHost(world, ['IdentityFile none']);
  expect((await logIn(world, {}, { SSH_AUTH_SOCK: socket })).key).toBe('held');
});

test('prefers IdentityAgent to SSH_AUTH_SOCK', async () => {
  const { world, allow } = await setup();
  const key = await world.newKey('held');
  await allow('held');
  await addHost(world, [`IdentityAgent ${await world.startAgent(key)}`]);
  expect((await logIn(world, {}, { SSH_AUTH_SOCK: '/nowhere' })).key).toBe('held');
});

test('offers the agent key that the configuration names before the other ones', async () => {
  const { world, allow } = await setup();
  const keys = [];
  for (const name of ['first', 'second', 'third']) keys.push(await world.newKey(name));
  for (const name of ['first', 'third']) await allow(name);
  await addHost(world, [
    `IdentityAgent ${await world.startAgent(...keys)}`,
    `IdentityFile ${world.path('third.pub')}`,
  ]);
  expect((await logIn(world)).key).toBe('third');
});

test('offers agent keys before key files', async () => {
  const { world, allow } = await setup();
  const held = await world.newKey('held');
  await world.newKey('file');
  for (const name of ['held', 'file']) await allow(name);
  await addHost(world, [
    `IdentityAgent ${await world.startAgent(held)}`,
    `IdentityFile ${world.path('file')}`,
  ]);
  expect((await logIn(world)).key).toBe('held');
});

test('offers nothing but the named keys under IdentitiesOnly', async () => {
  const { world, allow } = await setup();
  // More keys than the server is willing to look at.
  const others = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) others.push(await world.newKey(name));
  const key = await world.newKey('named');
  await allow('named');
  const agent = `IdentityAgent ${await world.startAgent(...others, key)}`;
  await addHost(world, [agent, `IdentityFile ${world.path('named.pub')}`, 'IdentitiesOnly yes']);
  await rm(key);
  expect((await logIn(world)).key).toBe('named');
});

test('says that too many keys were offered, and how to offer fewer', async () => {
  const { world } = await setup();
  const keys = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) keys.push(await world.newKey(name));
  await addHost(world, [`IdentityAgent ${await world.startAgent(...keys)}`]);
  const failure = logIn(world);
  await expect(failure).rejects.toBeInstanceOf(NotLetInError);
  await expect(failure).rejects.toHaveProperty('hint', expect.stringContaining('IdentitiesOnly'));
});

test('goes on with key files when the agent does not answer', async () => {
  const { world, allow } = await setup();
  await world.newKey('file');
  await allow('file');
  await addHost(world, [`IdentityFile ${world.path('file')}`]);
  expect((await logIn(world, {}, { SSH_AUTH_SOCK: world.path('stale') })).key).toBe('file');
});

test.each(['ed25519', 'rsa'])(
  'asks for the passphrase of an encrypted %s key until it fits',
  async (type) => {
    const { world, allow } = await setup();
    await world.newKey('locked', 'correct horse', type);
    await allow('locked');
    await addHost(world, [`IdentityFile ${world.path('locked')}`, 'IdentityAgent none']);
    const answers = ['wrong', 'correct horse'];
    const asked: string[] = [];
    const askPassphrase = async (file: string) => {
      asked.push(file);
      return answers.shift() ?? null;
    };
    const { key, notes } = await logIn(world, { askPassphrase });
    expect(key).toBe('locked');
    expect(asked).toEqual([world.path('locked'), world.path('locked')]);
    expect(notes).toEqual([`That is not the passphrase of ${world.path('locked')}.`]);
  },
);

test('goes on with key files when the agent hangs', async () => {
  const { world, allow } = await setup();
  await world.newKey('file');
  await allow('file');
  const hanging = createServer((socket) => socket.on('error', () => {})).listen(world.path('hanging'));
  onTestFinished(() => void hanging.close());
  await once(hanging, 'listening');
  await addHost(world, [`IdentityFile ${world.path('file')}`, `IdentityAgent ${world.path('hanging')}`]);
  expect((await logIn(world)).key).toBe('file');
});

test('asks for no passphrase of a key that the server would not accept', async () => {
  const { world, allow } = await setup();
  await world.newKey('locked', 'secret');
  await world.newKey('open');
  await allow('open');
  await addHost(
    world,
    ['locked', 'open'].map((name) => `IdentityFile ${world.path(name)}`).concat('IdentityAgent none'),
  );
  const askPassphrase = async () => {
    throw new Error('must not be asked');
  };
  expect((await logIn(world, { askPassphrase })).key).toBe('open');
});

test('goes on with the next key when the passphrase is not given', async () => {
  const { world, allow } = await setup();
  await world.newKey('locked', 'secret');
  await world.newKey('open');
  for (const name of ['locked', 'open']) await allow(name);
  await addHost(
    world,
    ['locked', 'open'].map((name) => `IdentityFile ${world.path(name)}`).concat('IdentityAgent none'),
  );
  expect((await logIn(world, { askPassphrase: async () => null })).key).toBe('open');
});

test('takes an encrypted key from the agent without asking', async () => {
  const { world, allow } = await setup();
  await world.newKey('locked', 'secret');
  await allow('locked');
  // The same key, opened for the agent alone.
  await copyFile(world.path('locked'), world.path('opened'));
  await chmod(world.path('opened'), 0o600);
  execFileSync('ssh-keygen', ['-q', '-p', '-P', 'secret', '-N', '', '-f', world.path('opened')]);
  const socket = await world.startAgent(world.path('opened'));
  await addHost(world, [`IdentityFile ${world.path('locked')}`]);
  expect((await logIn(world, {}, { SSH_AUTH_SOCK: socket })).key).toBe('locked');
});

test('says which keys were offered, which were not and why, when none fits', async () => {
  const { world } = await setup();
  await world.newKey('wrong');
  await world.newKey('locked', 'secret');
  await world.newKey('exposed');
  await chmod(world.path('exposed'), 0o644);
  await writeFile(world.path('rubbish'), 'rubbish');
  const names = ['wrong', 'locked', 'exposed', 'rubbish'];
  await addHost(world, [
    'User nobody-here',
    'IdentityAgent none',
    ...names.map((name) => `IdentityFile ${world.path(name)}`),
  ]);
  const failure = logIn(world);
  await expect(failure).rejects.toBeInstanceOf(NotLetInError);
  await expect(failure).rejects.toThrow(`127.0.0.1:${sshd.port} did not let nobody-here in.`);
  await expect(failure).rejects.toThrow(`  ${world.path('wrong')} (ssh-ed25519)`);
  await expect(failure).rejects.toThrow(`not used: ${world.path('locked')}: it is encrypted`);
  await expect(failure).rejects.toThrow(`not used: ${world.path('exposed')}: other users may read it`);
  await expect(failure).rejects.toThrow(`not used: ${world.path('rubbish')}: `);
  await expect(failure).rejects.toThrow('It accepts: publickey.');
});

test('says that there was no key at all', async () => {
  const { world } = await setup();
  await addHost(world, [`IdentityFile ${world.path('none')}`, 'IdentityAgent none']);
  await expect(logIn(world)).rejects.toThrow('There was no key to offer.');
});
