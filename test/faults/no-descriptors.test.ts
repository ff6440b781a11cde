/** A master whose file descriptors somebody uses up: it says so, breaks nothing, and goes on when there are some again. */
import { execFileSync } from 'node:child_process';
import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { makeFaultWorld, sha256 } from './fault-world.ts';

const CONNECTIONS = 100;

/** Connections that never say a word. The master may refuse some, which is what it should. */
async function flood(path: string): Promise<Socket[]> {
  const sockets = Array.from({ length: CONNECTIONS }, () => connect(path));
  for (const socket of sockets) socket.on('error', () => undefined);
  await Promise.all(
    sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve).once('close', resolve))),
  );
  return sockets;
}

test('row 32: a master without file descriptors keeps its worker and the build, and serves again when there are some', async () => {
  const world = await makeFaultWorld();
  onTestFinished(() => world.close());
  const master = await world.startMaster();
  const worker = await world.startWorker();
  await world.force(`until test -e ${join(world.dir, 'go')}; do sleep 0.05; done; seq 10000`);
  await until('the build to run', async () => (await world.builds()).length === 1);

  const pid = master.child.pid as number;
  const open = (): number => readdirSync(`/proc/${pid}/fd`).length;
  const limit = open() + 4;
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${limit}:${limit}`]);
  const sockets = await flood(join(world.masterDir, 'master.sock'));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await until('nothing to be left', async () => open() >= limit - 1);
  // The build begins its log, and ends, while nothing can be opened.
  writeFileSync(join(world.dir, 'go'), '');
  await master.says(/EMFILE/);
  for (const socket of sockets) socket.destroy();

  const build = await world.finished();
  const text = Array.from({ length: 10_000 }, (_, index) => `${index + 1}\n`).join('');
  expect(build.results).toBe(0);
  expect(await world.logHash(build.buildid)).toBe(sha256(text));
  expect(master.child.exitCode).toBeNull();
  expect(worker.stderr().match(/ connected to /g)).toHaveLength(1);
});
