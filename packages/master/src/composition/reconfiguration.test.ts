/** A whole master on a real store and real try directories; only the file of its configuration is a variable. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EVERYTHING, type MasterConfigInput, masterConfigSchema, UserError } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { systemClock } from '../clock.ts';
import { silentLogger } from '../log.ts';
import type { Reconfigured, Refusal } from '../ports/control.ts';
import { openStore } from '../store/open.ts';
import { type Composition, compose } from './compose.ts';

const steps = [{ type: 'shell', command: 'true' }];
const BEFORE: MasterConfigInput = {
  listen: { workers: '127.0.0.1:0' },
  workers: [{ name: 'w1', password: 'secret' }],
  builders: [{ name: 'linux', workers: ['w1'], steps }],
  schedulers: [
    { type: 'try', name: 'try', builders: ['linux'], jobdir: 'try' },
    { type: 'force', name: 'force', builders: ['linux'] },
  ],
};

interface Here {
  basedir: string;
  master: Composition;
  store: Awaited<ReturnType<typeof openStore>>;
  /** Ask with another configuration in the file. */
  take(change: MasterConfigInput): Promise<Reconfigured | Refusal>;
  /** What reading the file does from now on. */
  file: { read: () => Promise<MasterConfigInput> };
}

async function setup(before = BEFORE): Promise<Here> {
  const basedir = await mkdtemp(join(tmpdir(), 'reconfig-'));
  const fatal = (error: Error) => {
    throw error;
  };
  const [clock, logger] = [systemClock, silentLogger];
  const store = await openStore({ basedir, clock, logger, fatal });
  const file = { read: async () => before };
  const readConfig = async () => masterConfigSchema.parse(await file.read());
  const master = await compose({
    ...{ basedir, clock, logger, store, readConfig, owner: 'administrator' },
    config: masterConfigSchema.parse(before),
    stopMaster: () => undefined,
  });
  onTestFinished(async () => {
    for (const service of [...master.services].reverse()) await service.stop();
    await store.close();
    await rm(basedir, { recursive: true });
  });
  for (const service of master.services) await service.start();
  const take = (change: MasterConfigInput) => {
    file.read = async () => ({ ...before, ...change });
    return master.reconfigure();
  };
  return { basedir, master, store, take, file };
}

const isThere = (...path: string[]) =>
  access(join(...path)).then(
    () => true,
    () => false,
  );

async function configuredBuilders({ store }: Here): Promise<string[]> {
  const { rows } = await store.query('builders', EVERYTHING);
  return rows.filter(({ masterids }) => masterids.length > 0).map(({ name }) => name);
}

const MAC = { name: 'mac', workers: ['w1'], steps };

test('says what it has taken over, and of the same again that it is nothing', async () => {
  const here = await setup();
  const change = { builders: [...(BEFORE.builders ?? []), MAC], title: 'Another' };
  expect(await here.take(change)).toEqual({ changes: 'builders +mac; title', needsRestart: [] });
  expect(await configuredBuilders(here)).toEqual(['linux', 'mac']);
  expect(await here.take(change)).toEqual({ changes: '', needsRestart: [] });
});

test('row 38: a configuration that cannot be read changes nothing, and the next good one is taken over', async () => {
  const here = await setup();
  here.file.read = () => Promise.reject(new UserError('master.yaml:3:1: unknown key'));
  expect(await here.master.reconfigure()).toEqual({ refused: 'master.yaml:3:1: unknown key' });
  expect(await configuredBuilders(here)).toEqual(['linux']);
  expect(await here.take({ builders: [MAC], schedulers: [] })).toMatchObject({
    changes: 'builders +mac -linux; schedulers -try -force',
  });
});

test('opens a new try directory and closes one that is gone, and leaves those that stay alone', async () => {
  const here = await setup();
  const [first, force] = BEFORE.schedulers ?? [];
  const second = { type: 'try' as const, name: 'second', builders: ['linux'], jobdir: 'second' };
  await here.take({ schedulers: [first, second].flatMap((one) => one ?? []) });
  expect(await isThere(here.basedir, 'second', 'master.json')).toBe(true);
  expect(await isThere(here.basedir, 'try', 'master.json')).toBe(true);
  await here.take({ schedulers: [second, force].flatMap((one) => one ?? []) });
  expect(await isThere(here.basedir, 'second', 'master.json')).toBe(true);
  expect(await isThere(here.basedir, 'try', 'master.json')).toBe(false);
  await here.take({});
  expect(await isThere(here.basedir, 'try', 'gateway.sock')).toBe(true);
});

test('a try directory that cannot be opened refuses the whole, and nothing of it stays', async () => {
  const here = await setup();
  await writeFile(join(here.basedir, 'file'), '');
  const tries = ['good', 'file'].map((name) => ({
    ...{ type: 'try' as const, name, builders: ['mac'], jobdir: name },
  }));
  const outcome = await here.take({ builders: [MAC], schedulers: tries });
  expect(outcome).toMatchObject({ refused: expect.stringContaining('a try directory cannot be opened') });
  expect(await configuredBuilders(here)).toEqual(['linux']);
  expect(await isThere(here.basedir, 'good', 'master.json')).toBe(false);
  expect(await isThere(here.basedir, 'try', 'master.json')).toBe(true);
});

test('what needs a restart is named each time, and the rest is in force', async () => {
  const here = await setup();
  const change = { listen: { workers: '127.0.0.1:1' }, builders: [MAC], schedulers: [] };
  expect(await here.take(change)).toMatchObject({ needsRestart: ['listen.workers'] });
  expect(await here.take(change)).toEqual({ changes: '', needsRestart: ['listen.workers'] });
  expect(await configuredBuilders(here)).toEqual(['mac']);
});

test('two who ask at once are served one after the other', async () => {
  const here = await setup();
  const reads = Promise.withResolvers<void>();
  here.file.read = async () => {
    await reads.promise;
    return { ...BEFORE, title: 'Another' };
  };
  const both = [here.master.reconfigure(), here.master.reconfigure()];
  reads.resolve();
  expect(await Promise.all(both)).toEqual([
    { changes: 'title', needsRestart: [] },
    { changes: '', needsRestart: [] },
  ]);
});

test('a password that changed in its file is another worker', async () => {
  const here = await setup();
  await writeFile(join(here.basedir, 'w1.password'), 'first\n');
  const change = { workers: [{ name: 'w1', passwordFile: 'w1.password' }] };
  await here.take(change);
  expect(await here.take(change)).toMatchObject({ changes: '' });
  await writeFile(join(here.basedir, 'w1.password'), 'second\n');
  expect(await here.take(change)).toMatchObject({ changes: 'workers ~w1' });
  await rm(join(here.basedir, 'w1.password'));
  expect(await here.take(change)).toMatchObject({ refused: expect.stringContaining('worker w1') });
});

test('nothing is taken over while the master stops', async () => {
  const here = await setup();
  for (const service of [...here.master.services].reverse()) await service.stop();
  expect(await here.take({ title: 'Another' })).toMatchObject({ refused: expect.any(String) });
});

/** Address of the API over TCP. */
function apiOf({ master }: Here): string {
  const [said = ''] = master.describe().addresses;
  return said.replace('api http://', '');
}

/** An event stream over HTTP that has begun; `ended` says how it ends. */
async function listen(host: string) {
  const response = await fetch(`http://${host}/api/v2/events?path=builds/*/*`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  await reader.read();
  const readAll = async (): Promise<string> => {
    while (!(await reader.read()).done);
    return 'whole';
  };
  return { ended: readAll().catch(() => 'broken') };
}

test('cuts off who proved nothing and listens, when reading becomes for users', async () => {
  const here = await setup({ ...BEFORE, listen: { api: '127.0.0.1:0', workers: '127.0.0.1:0' } });
  const host = apiOf(here);
  const stream = await listen(host);
  const socket = new WebSocket(`ws://${host}/ws`);
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  expect(await here.take({ title: 'Another' })).toMatchObject({ changes: 'title' });
  expect(socket.readyState).toBe(WebSocket.OPEN);
  expect(await here.take({ access: { read: 'users' } })).toMatchObject({ needsRestart: [] });
  expect(await Promise.all([stream.ended, closed])).toEqual(['broken', 4401]);
});
