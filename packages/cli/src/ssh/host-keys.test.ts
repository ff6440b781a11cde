/** Who the host is, against a real sshd: known, unknown, changed and revoked keys in every way of writing them. */

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';
import { UserError } from '@buildbot/shared';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { createSshWorld, type SshWorld } from '../../../../test/support/ssh-world.ts';
import { generateKey, publicKeyOf, type Sshd, startSshd } from '../../../../test/support/sshd.ts';
import { HostKeyError } from './errors.ts';
import type { SshInteraction, UnknownHost } from './interaction.ts';
import { createSshTransport } from './transport.ts';

const run = promisify(execFile);

let sshd: Sshd;
let ecdsaKey: string;
beforeAll(async () => {
  sshd = await startSshd();
  // The same host by a second key, so that there is a choice of types.
  ecdsaKey = await generateKey(`${sshd.dir}/host_ecdsa`, '', 'ecdsa');
});
afterAll(() => sshd.stop());

async function setup(lines: readonly string[] = []): Promise<SshWorld> {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('server', sshd, lines);
  return world;
}

/** Connects and hangs up. Returns the notes. */
async function connect(
  world: SshWorld,
  ask: Omit<SshInteraction, 'note'> = {},
  host = 'server',
): Promise<string[]> {
  const notes: string[] = [];
  const interaction = { ...ask, note: (text: string) => notes.push(text) };
  const transport = createSshTransport({ env: world.env, configFile: world.configFile, interaction });
  const connection = await transport.connect({ host });
  connection.close();
  return notes;
}

/** Says yes or no and keeps what was asked. */
function answering(answer: boolean) {
  const asked: UnknownHost[] = [];
  const askHost = async (host: UnknownHost) => {
    asked.push(host);
    return answer;
  };
  return { asked, askHost };
}

const bare = () => sshd.hostPublicKey;
const here = () => `[127.0.0.1]:${sshd.port}`;

/** Another host's key of the same type, as `ssh-ed25519 AAAA…`. */
async function foreignKey(world: SshWorld): Promise<string> {
  return publicKeyOf(await world.newKey(`foreign-${Math.random()}`));
}

test.each([
  ['by [host]:port', () => `${here()} ${bare()}`],
  ['by its plain address, whatever the port', () => `127.0.0.1 ${bare()}`],
  ['among other names and with a comment', () => `a.example,${here()},b.example ${bare()} my build host`],
  ['by a wildcard', () => `[127.0.*]:* ${bare()}`],
  ['by a single-character wildcard', () => `127.0.0.? ${bare()}`],
  [
    'beside an older key of the same type',
    () =>
      `${here()} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAtRSrm2dYWsSpWpuhwfpIFDDbbsX+Dq5tlMj1kzOBC9\n${here()} ${bare()}`,
  ],
])('lets a host pass that is known %s', async (_, line) => {
  const world = await setup();
  await world.trust('# comment', '', 'nonsense', line());
  expect(await connect(world)).toEqual([]);
});

test('lets a host pass that is known by a hashed name', async () => {
  const world = await setup();
  await world.trust(`${here()} ${bare()}`);
  await run('ssh-keygen', ['-q', '-H', '-f', world.knownHostsFile]);
  expect(await world.knownHosts()).toMatch(/^\|1\|/);
  expect(await connect(world)).toEqual([]);
});

test('looks through all files of the configuration', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  const second = world.path('second');
  const system = world.path('system');
  await world.addHost('user', sshd, [`UserKnownHostsFile ${world.path('none')} ${second}`]);
  await world.addHost('global', sshd, [
    `UserKnownHostsFile ${world.path('none')}`,
    `GlobalKnownHostsFile ${system}`,
  ]);
  await writeFile(second, `${here()} ${bare()}\n`);
  await writeFile(system, `${here()} ${bare()}\n`);
  expect(await connect(world, {}, 'user')).toEqual([]);
  expect(await connect(world, {}, 'global')).toEqual([]);
});

test('looks a host up by its HostKeyAlias alone', async () => {
  const world = await setup(['HostKeyAlias Build-Farm']);
  await world.trust(`build-farm ${bare()}`);
  expect(await connect(world)).toEqual([]);
});

test('refuses a host whose negated name outweighs a wildcard', async () => {
  const world = await setup();
  await world.trust(`*,!${here()},!127.0.0.1 ${bare()}`);
  await expect(connect(world)).rejects.toBeInstanceOf(HostKeyError);
});

test('names file, line and both fingerprints of a changed key, and asks nothing', async () => {
  const world = await setup(['StrictHostKeyChecking no']);
  const former = await foreignKey(world);
  await world.trust('# first line', `${here()} ${former}`);
  const question = answering(true);
  const failure = connect(world, question);
  await expect(failure).rejects.toBeInstanceOf(HostKeyError);
  await expect(failure).rejects.toMatchObject({ exitCode: 5, hint: expect.stringContaining('line 2 of') });
  await expect(failure).rejects.toThrow(`${world.knownHostsFile}:2`);
  for (const key of [former, bare()]) await expect(failure).rejects.toThrow(await fingerprint(world, key));
  expect(question.asked).toEqual([]);
  expect(await world.knownHosts()).not.toContain(bare());
});

test('shows a changed host neither user nor key', async () => {
  const server = await startSshd();
  onTestFinished(() => server.stop());
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('server', server);
  await world.trust(`[127.0.0.1]:${server.port} ${await foreignKey(world)}`);
  await expect(connect(world)).rejects.toBeInstanceOf(HostKeyError);
  await expect.poll(() => server.log()).toMatch(/Connection (closed|reset)|Disconnect|disconnect/);
  expect(server.log()).not.toMatch(/user root|Postponed|publickey|Failed/);
});

test('refuses a revoked key even though another line trusts it', async () => {
  const world = await setup(['StrictHostKeyChecking no']);
  await world.trust(`${here()} ${bare()}`, `@revoked * ${bare()}`);
  const failure = connect(world, answering(true));
  await expect(failure).rejects.toBeInstanceOf(HostKeyError);
  await expect(failure).rejects.toThrow(`revoked (${world.knownHostsFile}:2)`);
});

test('says that a certificate authority is not supported, and what is', async () => {
  const world = await setup();
  await world.trust(`@cert-authority * ${await foreignKey(world)}`);
  const failure = connect(world);
  await expect(failure).rejects.toBeInstanceOf(HostKeyError);
  await expect(failure).rejects.toThrow(`${world.knownHostsFile}:1 trusts a certificate authority`);
});

test('asks about an unknown host by name, type and fingerprint, and remembers a yes', async () => {
  const world = await setup(['HashKnownHosts no']);
  const question = answering(true);
  const notes = await connect(world, question);
  expect(question.asked).toEqual([
    { host: here(), keyType: 'ssh-ed25519', fingerprint: await fingerprint(world, bare()), warnings: [] },
  ]);
  expect(notes.join()).toContain('Added');
  expect(await world.knownHosts()).toBe(`${here()} ${bare()}\n`);
  // OpenSSH finds the entry as well, and nothing is asked again.
  await run('ssh-keygen', ['-F', here(), '-f', world.knownHostsFile]);
  expect(await connect(world)).toEqual([]);
});

test('gives a person more time than a host', async () => {
  const world = await setup(['ConnectTimeout 1']);
  const mute = createServer();
  onTestFinished(() => void mute.close());
  await once(mute.listen(0, '127.0.0.1'), 'listening');
  await world.addHost('mute', { ...sshd, port: (mute.address() as AddressInfo).port }, ['ConnectTimeout 1']);
  // A host that is called later, and has the same second, is given up before the answer comes.
  const askHost = async () => {
    await expect(connect(world, {}, 'mute')).rejects.toThrow('no answer within 1 s');
    return true;
  };
  expect((await connect(world, { askHost })).join()).toContain('Added');
});

test('sends nothing and writes nothing down after a no', async () => {
  const world = await setup();
  await expect(connect(world, answering(false))).rejects.toBeInstanceOf(HostKeyError);
  expect(await world.knownHosts()).toBe('');
});

test('hashes a new name when the configuration says so', async () => {
  const world = await setup(['HashKnownHosts yes', 'StrictHostKeyChecking accept-new']);
  await connect(world);
  expect(await world.knownHosts()).toMatch(/^\|1\|[^|]+\|[^|]+ ssh-ed25519 /);
  const { stdout } = await run('ssh-keygen', ['-F', here(), '-f', world.knownHostsFile]);
  expect(stdout).toContain('found');
});

test('makes folder and file for its first known host, for their owner alone', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  const file = world.path('home/.ssh/known_hosts');
  await world.addHost('server', sshd, [`UserKnownHostsFile ${file}`, 'StrictHostKeyChecking accept-new']);
  await connect(world);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(world.path('home/.ssh'))).mode & 0o777).toBe(0o700);
});

test('keeps the last line of a file without a final newline', async () => {
  const world = await setup(['HashKnownHosts no', 'StrictHostKeyChecking accept-new']);
  await writeFile(world.knownHostsFile, 'other.example ssh-ed25519 AAAA');
  await connect(world);
  expect(await readFile(world.knownHostsFile, 'utf8')).toBe(
    `other.example ssh-ed25519 AAAA\n${here()} ${bare()}\n`,
  );
});

test('connects all the same when a new host cannot be written down', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('server', sshd, [
    `UserKnownHostsFile ${world.path('config')}/x`,
    'StrictHostKeyChecking accept-new',
  ]);
  expect((await connect(world)).join()).toContain('could not be added');
});

test.each([
  ['accept-new', /^Added/],
  ['no', /^Trusting the unknown host/],
])('trusts a new host under StrictHostKeyChecking %s', async (checking, note) => {
  const world = await setup([`StrictHostKeyChecking ${checking}`]);
  expect((await connect(world))[0]).toMatch(note);
});

test('refuses a new host under StrictHostKeyChecking yes without asking', async () => {
  const world = await setup(['StrictHostKeyChecking yes']);
  const question = answering(true);
  await expect(connect(world, question)).rejects.toThrow('StrictHostKeyChecking is on');
  expect(question.asked).toEqual([]);
});

test('asks for the type of key by which the host is known', async () => {
  const server = await startSshd({ extraConfig: `HostKey ${ecdsaKey}` });
  onTestFinished(() => server.stop());
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('server', server);
  // The server has an ed25519 key too, which is preferred otherwise.
  await world.trust(`[127.0.0.1]:${server.port} ${await publicKeyOf(ecdsaKey)}`);
  expect(await connect(world)).toEqual([]);
});

test('does not take a known host with only a new type of key for a new host', async () => {
  const server = await startSshd({ hostKeyFile: ecdsaKey });
  onTestFinished(() => server.stop());
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('server', server, ['StrictHostKeyChecking accept-new']);
  await world.trust(`[127.0.0.1]:${server.port} ${bare()}`);
  await expect(connect(world)).rejects.toThrow(`${world.knownHostsFile}:1`);
});

test('knows an RSA host by whichever signature algorithm it uses', async () => {
  const rsaKey = await generateKey(`${sshd.dir}/host_rsa`, '', 'rsa');
  const server = await startSshd({ hostKeyFile: rsaKey });
  onTestFinished(() => server.stop());
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  await world.addHost('server', server);
  await world.trust(server.knownHostsLine);
  expect(await connect(world)).toEqual([]);
});

test('stops at a known hosts file that cannot be read, since it may hold a revocation', async () => {
  const world = await setup([`GlobalKnownHostsFile ${'/'}`]);
  await world.trust(`${here()} ${bare()}`);
  await expect(connect(world)).rejects.toBeInstanceOf(UserError);
});

/** As OpenSSH prints it. */
async function fingerprint(world: SshWorld, publicKey: string): Promise<string> {
  const file = world.path('fingerprint.pub');
  await writeFile(file, `${publicKey}\n`);
  const { stdout } = await run('ssh-keygen', ['-lf', file]);
  await rm(file);
  return stdout.split(' ')[1] ?? '';
}
