/** Reading what `ssh -G` prints, and OpenSSH's defaults where it prints nothing. */

import { describe, expect, test } from 'vitest';
import { type LocalFacts, readHostConfig } from './config.ts';

const local: LocalFacts = {
  homeDir: '/home/me',
  userName: 'me',
  hostName: 'laptop.example',
  env: { SSH_AUTH_SOCK: '/run/agent', KEYS: '/keys', OTHER: '/run/other' },
};

const read = (...lines: string[]) => readHostConfig(lines.join('\n'), 'alias', local);

test('uses the defaults of OpenSSH for a host without any configuration', () => {
  expect(read()).toEqual({
    alias: 'alias',
    hostname: 'alias',
    port: 22,
    user: 'me',
    identityFiles: ['/home/me/.ssh/id_rsa', '/home/me/.ssh/id_ecdsa', '/home/me/.ssh/id_ed25519'],
    identitiesOnly: false,
    identityAgent: '/run/agent',
    userKnownHostsFiles: ['/home/me/.ssh/known_hosts', '/home/me/.ssh/known_hosts2'],
    globalKnownHostsFiles: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
    strictHostKeyChecking: 'ask',
    hashKnownHosts: false,
    hostKeyAlias: undefined,
    hostKeyAlgorithms: undefined,
    proxyJump: undefined,
    proxyCommand: undefined,
    connectTimeoutMs: undefined,
    keepaliveIntervalMs: 0,
  });
});

test('reads every keyword it knows and ignores the others', () => {
  const config = read(
    'hostname build.example',
    'port 2222',
    'user builder',
    'identityfile ~/.ssh/one',
    'identityfile /two words/key',
    'identitiesonly yes',
    'userknownhostsfile /a /b',
    'globalknownhostsfile none',
    'hashknownhosts yes',
    'hostkeyalias farm',
    'hostkeyalgorithms ssh-ed25519,rsa-sha2-512',
    'proxyjump me@gate:22,inner',
    'proxycommand nc %h %p',
    'connecttimeout 7',
    'serveraliveinterval 30',
    'ciphers whatever',
  );
  expect(config).toMatchObject({
    hostname: 'build.example',
    port: 2222,
    user: 'builder',
    identityFiles: ['/home/me/.ssh/one', '/two words/key'],
    identitiesOnly: true,
    userKnownHostsFiles: ['/a', '/b'],
    globalKnownHostsFiles: [],
    hashKnownHosts: true,
    hostKeyAlias: 'farm',
    hostKeyAlgorithms: ['ssh-ed25519', 'rsa-sha2-512'],
    proxyJump: 'me@gate:22,inner',
    proxyCommand: 'nc %h %p',
    connectTimeoutMs: 7000,
    keepaliveIntervalMs: 30_000,
  });
});

test.each([
  ['ask', 'ask'],
  ['true', 'yes'],
  ['yes', 'yes'],
  ['false', 'no'],
  ['no', 'no'],
  ['off', 'no'],
  ['accept-new', 'accept-new'],
  ['something new', 'ask'],
])('reads stricthostkeychecking %s as %s', (written, meant) => {
  expect(read(`stricthostkeychecking ${written}`).strictHostKeyChecking).toBe(meant);
});

test.each([
  ['none', null],
  ['SSH_AUTH_SOCK', '/run/agent'],
  ['$OTHER', '/run/other'],
  ['$UNSET', null],
  ['~/agent', '/home/me/agent'],
  ['/run/%u.sock', '/run/me.sock'],
])('reads identityagent %s as %s', (written, meant) => {
  expect(read(`identityagent ${written}`).identityAgent).toBe(meant);
});

test('has no agent where the environment names none', () => {
  expect(readHostConfig('', 'h', { ...local, env: {} }).identityAgent).toBeNull();
});

describe('tokens in paths', () => {
  test('stand for host, user and machine', () => {
    const lines = [
      'hostname build.example',
      'user r',
      'port 7',
      'identityfile %d/%h/%n/%p/%r/%u/%L/%l/%k/%%',
    ];
    expect(read(...lines).identityFiles).toEqual([
      '/home/me/build.example/alias/7/r/me/laptop/laptop.example/alias/%',
    ]);
  });

  test('stand beside environment variables', () => {
    expect(read(`identityfile \${KEYS}/id`).identityFiles).toEqual(['/keys/id']);
  });

  test('are named when they are not supported', () => {
    expect(() => read('identityfile /%C/id')).toThrow('%C is not supported');
  });
});

test('takes no identity at all where the configuration says none', () => {
  expect(read('identityfile none').identityFiles).toEqual([]);
});
