/** A line that swallows everything and says nothing: whoever follows a build notices in bounded time, and goes on. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

/** So often something is to be heard; the master says something more often, so that no link is given up that is good. */
const HEARTBEAT = { BUILDBOT_HEARTBEAT: '500ms' };

let world: World;
let work: string;
const flag = (name: string): string => join(world.dir, name);

beforeAll(async () => {
  const wait = 'while [ ! -e ../../../../go ]; do sleep 0.05; done';
  world = await createWorld({
    heartbeat: '100ms',
    builders: {
      slow: [
        { type: 'shell', name: 'wait', command: `echo first; touch ../../../../running; ${wait}; echo last` },
      ],
    },
  });
  work = await world.clone();
});
afterAll(() => world.remove());

/** A host of the developer's SSH configuration behind a line that can be frozen. */
async function frozenHost(name: string) {
  const { ssh, sshd } = world;
  const proxy = await startChaosProxy(sshd.port);
  onTestFinished(() => proxy.close());
  await ssh.trust(sshd.knownHostsLine.replace(String(sshd.port), String(proxy.port)));
  await ssh.addHost(name, { ...sshd, port: proxy.port, clientKey: ssh.path('key-alice') }, [
    'ServerAliveInterval 1',
  ]);
  return proxy;
}

test.each([
  { name: 'the built-in client', program: false },
  { name: 'an ssh program', program: true },
])('row 36: a black hole behind $name is noticed by watch and log, which then go on', async ({ program }) => {
  const host = program ? 'hole-program' : 'hole';
  const proxy = await frozenHost(host);
  await Promise.all(['go', 'running'].map((name) => rm(flag(name), { force: true })));
  const { stdout } = await world.buildbot(work, ['try', '--detach']);
  const [, id = ''] = /buildbot watch (\d+)/.exec(stdout) ?? [];
  await until('the step to run', async () => existsSync(flag('running')));
  const ssh = program ? ['--ssh', `ssh -o BatchMode=yes -F ${world.configFile}`] : [];
  const followers = [
    ['watch', id, '--follow'],
    ['log', 'slow', '--follow'],
  ].map((words) => world.startBuildbot(work, [...words, '--host', host, ...ssh], HEARTBEAT));
  await Promise.all(followers.map((one) => one.says(/first/)));
  const before = proxy.connections;
  proxy.freeze('down');
  await until('both to connect anew', async () => proxy.connections >= before + followers.length);
  proxy.thaw();
  await writeFile(flag('go'), '');
  const ends = await Promise.all(followers.map((one) => one.finished));
  expect(ends.map(({ code, stderr }) => [code, stderr])).toEqual(followers.map(() => [0, '']));
  for (const ended of ends) expect(ended.stdout.match(/(?:first|last)$/gm)).toEqual(['first', 'last']);
});
