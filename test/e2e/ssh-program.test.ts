/** `--ssh COMMAND`: the user's own ssh program as the transport, and what it says when it fails. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { publicKeyOf } from '../support/sshd.ts';
import { createWorld, type World } from '../support/world.ts';

async function setup(): Promise<World & { work: string; viaProgram: string[] }> {
  const world = await createWorld();
  onTestFinished(() => world.remove());
  const viaProgram = ['--ssh', `ssh -o BatchMode=yes -F ${world.configFile}`];
  return Object.assign(world, { work: await world.clone(), viaProgram });
}

test('submits and follows through the program, and passes on what it says when it cannot', async () => {
  const { work, buildbot, viaProgram, ssh, sshd } = await setup();
  await writeFile(join(work, 'hello.txt'), 'changed\n');
  expect((await buildbot(work, ['try', '--quiet', ...viaProgram])).code).toBe(0);

  const unknown = await buildbot(work, ['try', ...viaProgram, '--host', 'no-such-host.invalid']);
  expect(unknown.code).toBe(4);
  expect(unknown.stderr).toMatch(/Could not resolve hostname no-such-host.invalid/i);

  const stranger = await ssh.newKey('stranger');
  await ssh.addHost('stranger', { ...sshd, clientKey: stranger }, ['IdentitiesOnly yes']);
  const notLetIn = await buildbot(work, ['try', ...viaProgram, '--host', 'stranger']);
  expect(notLetIn.code).toBe(5);
  expect(notLetIn.stderr).toMatch(/permission denied/i);

  await writeFile(
    ssh.knownHostsFile,
    `[127.0.0.1]:${sshd.port} ${await publicKeyOf(await ssh.newKey('other-host'))}\n`,
  );
  const changed = await buildbot(work, ['try', ...viaProgram]);
  expect(changed.code).toBe(5);
  expect(changed.stderr).toMatch(/host key verification failed/i);
});
