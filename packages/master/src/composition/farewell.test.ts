/** A whole master that is told to end, as whoever follows its events sees it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { masterConfigSchema } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { startMaster } from '../main.ts';

const config = masterConfigSchema.parse({
  listen: { workers: '127.0.0.1:0' },
  workers: [{ name: 'w1', password: 'secret' }],
  builders: [{ name: 'linux', workers: ['w1'], steps: [{ type: 'shell', command: 'true' }] }],
});

async function setup() {
  const basedir = await mkdtemp(join(tmpdir(), 'farewell-'));
  const master = await startMaster({ basedir, config });
  onTestFinished(async () => {
    await master.stop();
    await rm(basedir, { recursive: true });
  });
  const ask = async (path: string) => {
    const answered = Promise.withResolvers<NodeJS.ReadableStream>();
    get({ socketPath: master.socket, path: `/api/v2/${path}` }, answered.resolve).on(
      'error',
      answered.reject,
    );
    return await answered.promise;
  };
  const json = async (path: string) => JSON.parse(await text(await ask(path)));
  return { master, ask, json };
}

test('a graceful stop is told when it begins, shown while it lasts, and told when it is over', async () => {
  const { master, ask, json } = await setup();
  const events = text(await ask('events?path=masters/*/*'));
  expect((await json('masters')).masters).toMatchObject([{ active: true, draining: false }]);
  await master.drain();
  expect((await json('masters')).masters).toMatchObject([{ active: true, draining: true }]);
  expect((await json('status')).statuses).toMatchObject([{ draining: true, master: { draining: true } }]);
  await master.stop();
  const told = [...(await events).matchAll(/^(?:event: |data: \{"k":")([^"\n]+)/gm)].map(([, what]) => what);
  expect(told).toEqual(['ready', 'masters/1/draining', 'masters/1/stopped', 'stopping']);
});

test('a stop at once is told before the connection ends', async () => {
  const { master, ask } = await setup();
  const events = text(await ask('events?path=masters/*/stopped'));
  await master.stop();
  expect(await events).toMatch(/"k":"masters\/1\/stopped".*event: stopping/s);
});
