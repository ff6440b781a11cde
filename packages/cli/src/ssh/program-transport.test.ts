/** The user's own ssh program keeps the promises of every transport, and is started without a shell. */

import { chmod, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { UserError } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { createSshWorld } from '../../../../test/support/ssh-world.ts';
import { sshTransportContract } from './transport.contract.ts';
import { createSshTransport } from './transport.ts';

const interaction = { note: () => {} };

sshTransportContract('the transport of --ssh "ssh -F FILE"', ({ env, configFile }) =>
  createSshTransport({ env, interaction, sshCommand: `ssh -F '${configFile}' -o BatchMode=yes` }),
);

test('gives the program user, port, host and words as separate arguments', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  const program = world.path('my ssh');
  await writeFile(program, '#!/bin/sh\nprintf "%s\\n" "$@"\n');
  await chmod(program, 0o700);
  const transport = createSshTransport({
    env: world.env,
    interaction,
    sshCommand: `'${program}' -o "A B=$HOME"`,
  });
  const connection = await transport.connect({ host: 'host.example', user: 'me', port: 2222 });
  const { duplex } = await connection.exec(['buildbot', 'tryserver', '--jobdir', '/job dir']);
  const expected = [
    '-o',
    'A B=$HOME',
    '-l',
    'me',
    '-p',
    '2222',
    '--',
    'host.example',
    'buildbot',
    'tryserver',
    '--jobdir',
    "'/job dir'",
  ];
  expect((await text(duplex)).split('\n')).toEqual([...expected, '']);
});

test('leaves user and port to the program when nobody named them', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  const connection = await createSshTransport({ env: world.env, interaction, sshCommand: 'echo' }).connect({
    host: 'h',
  });
  const { duplex } = await connection.exec(['true']);
  expect(await text(duplex)).toBe('-- h true\n');
});

test('says that a program is not there, which is the user’s to put right', async () => {
  const transport = createSshTransport({ env: process.env, interaction, sshCommand: '/nowhere/ssh' });
  const connection = await transport.connect({ host: 'h' });
  await expect(connection.exec(['true'])).rejects.toBeInstanceOf(UserError);
});

test('refuses a command with an open quote before anything runs', async () => {
  expect(() => createSshTransport({ env: {}, interaction, sshCommand: "ssh '" })).toThrow(UserError);
});

test('still shows what ssh itself had to say', async () => {
  const world = await createSshWorld();
  onTestFinished(() => world.remove());
  const program = world.path('failing');
  await writeFile(program, '#!/bin/sh\necho "ssh: no route" >&2\nexit 255\n');
  await chmod(program, 0o700);
  const connection = await createSshTransport({ env: world.env, interaction, sshCommand: program }).connect({
    host: 'h',
  });
  const { duplex, stderr, exit } = await connection.exec(['true']);
  const output = text(duplex);
  expect(await text(stderr)).toBe('ssh: no route\n');
  await expect(output).rejects.toThrow('ssh: no route');
  expect(await exit).toEqual({ code: null });
});
