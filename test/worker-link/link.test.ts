/** What happens to connections must not happen to builds. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { scaled, tell } from '../support/scale.ts';
import { type LinkWorld, makeLinkWorld, until } from './link-world.ts';

/** Row 2 of the fault matrix asks for up to 20 minutes of silence, row 4 for 5 minutes of resets. */
const SILENCE_MS = scaled(0, 20 * 60_000);
const STORM_MS = scaled(0, 5 * 60_000);
const RESET_MS = scaled(20, 200);
const PATIENCE_MS = 60_000;

let world: LinkWorld;

afterEach(() => world.close());

const exec = (command: string, more: object = {}) =>
  ({ kind: 'exec', command, builddir: 'b', workdir: '', graceMs: 200, ...more }) as const;

const file = (path: string) => join(world.folder, 'worker/builds/b', path);

const spoolBytes = () => {
  const folder = join(world.folder, 'worker/spool');
  const files = readdirSync(folder).filter((name) => name.endsWith('.spool'));
  return files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
};

async function connected(count = 1): Promise<void> {
  await until('the worker is connected', () => world.sessions.pool.connected().length === count);
}

describe('a good link', () => {
  test('output, exit code and state of the worker arrive and are stored', async () => {
    world = await makeLinkWorld();
    await world.startWorker({ info: { admin: 'Ann' } });
    const command = await world.command(exec('echo out; echo err >&2; exit 4'));
    expect(await command.outcome).toMatchObject({ status: 'exited', code: 4 });
    const log = await command.log();
    expect((await log.text()).split('\n').sort()).toEqual(['', 'err', 'out']);
    expect(await world.store.command(command.key)).toMatchObject({ outcome: { status: 'exited', code: 4 } });
    expect(world.sessions.pool.connected()).toMatchObject([
      { name: 'w1', availability: 'eager', info: { admin: 'Ann' } },
    ]);
  });

  test('wanting the same key again runs it once', async () => {
    world = await makeLinkWorld();
    await world.startWorker();
    const command = await world.command(exec('echo x >> runs'));
    const again = world.sessions.pool.run(world.workerId, {
      ...{ key: command.key, buildId: 1, logs: {}, blobs: {} },
      command: { kind: 'stat', builddir: 'b', path: '' },
    });
    expect(await again).toEqual(await command.outcome);
    expect(readFileSync(file('runs'), 'utf8')).toBe('x\n');
  });

  test('input of several pieces reaches the command, over a wire that is cut on the way', async () => {
    world = await makeLinkWorld();
    const input = randomBytes(3_000_000);
    world.proxy.plan = (index) => (index < 5 ? { cutAfterBytes: 300_000 + index * 100_000 } : {});
    await world.startWorker({ random: () => 0 });
    const sha256 = createHash('sha256').update(input).digest('hex');
    const command = await world.command(
      exec('sha256sum', { stdin: { blob: 'patch', size: input.length, sha256 } }),
      {
        patch: { read: async (offset, length) => input.subarray(offset, offset + length) },
      },
    );
    expect(await command.outcome).toMatchObject({ code: 0 });
    expect(await (await command.log()).text()).toContain(sha256);
    expect(world.proxy.connections).toBeGreaterThan(1);
  });

  test('a stop ends the process tree and reads stopped', async () => {
    world = await makeLinkWorld();
    await world.startWorker();
    const command = await world.command(exec('touch begun; sleep 1000'));
    await until('it has begun', () => existsSync(file('begun')));
    world.sessions.pool.stop(command.key, 'cancelled by alice');
    expect(await command.outcome).toMatchObject({ status: 'exited', cause: 'stopped' });
  });

  test('a worker that answers is alive, one that is away or silent is not', async () => {
    world = await makeLinkWorld({ timing: { keepaliveMs: 60_000, timeoutMs: 1000 } });
    expect(await world.sessions.pool.ping(world.workerId, 50)).toBe(false);
    await world.startWorker();
    await connected();
    expect(await world.sessions.pool.ping(world.workerId, 5000)).toBe(true);
    world.proxy.freeze('up');
    expect(await world.sessions.pool.ping(world.workerId, 50)).toBe(false);
    world.proxy.thaw();
  });

  test('a changed availability is told at once', async () => {
    world = await makeLinkWorld();
    await world.startWorker();
    await connected();
    writeFileSync(join(world.folder, 'worker', 'availability'), 'reluctant\n');
    await until('the master knows', () => world.sessions.pool.connected()[0]?.availability === 'reluctant');
  });
});

describe('a bad link', () => {
  test.each([
    { row: 3, ways: ['up'], silenceMs: 0 },
    { row: 3, ways: ['down'], silenceMs: 0 },
    { row: 2, ways: ['up', 'down'], silenceMs: SILENCE_MS },
  ] as const)(
    'row $row: silence ($ways) is seen on both sides and the build goes on',
    async ({ ways, silenceMs }) => {
      world = await makeLinkWorld({ timing: { graceMs: silenceMs + PATIENCE_MS } });
      const worker = await world.startWorker();
      const command = await world.command(
        exec('touch begun; while [ ! -e go ]; do sleep 0.05; done; echo done'),
      );
      await until('it has begun', () => existsSync(file('begun')));
      world.proxy.freeze(...ways);
      const thawAt = performance.now() + silenceMs;
      await until('the master has seen it', () => world.sessions.pool.connected().length === 0);
      await until('the worker has seen it', () => worker.state.kind !== 'connected');
      await until('it was silent for long', () => performance.now() >= thawAt, silenceMs + PATIENCE_MS);
      world.proxy.thaw();
      await connected();
      writeFileSync(file('go'), '');
      expect(await command.outcome).toMatchObject({ code: 0 });
      expect(await (await command.log()).text()).toBe('done\n');
      tell(
        `silence (${ways.join(', ')})`,
        `${silenceMs / 60_000} min, ${world.proxy.connections} connections`,
      );
    },
    SILENCE_MS + 2 * PATIENCE_MS,
  );

  test('a slow link with a large log is not a dead one', async () => {
    world = await makeLinkWorld({ timing: { keepaliveMs: 300, timeoutMs: 150 }, windowBytes: 300_000 });
    world.proxy.plan = () => ({ bytesPerSecond: 150_000, sliceBytes: 3000 });
    await world.startWorker();
    const command = await world.command(exec('head -c 500000 /dev/urandom'));
    expect(await command.outcome).toMatchObject({ code: 0 });
    expect((await command.log()).bytes).toBe(500_000);
    expect(world.proxy.connections).toBe(1);
  });

  test('row 1: a link that passes one byte at a time carries everything', async () => {
    world = await makeLinkWorld({ timing: { keepaliveMs: 2000, timeoutMs: 1000 } });
    world.proxy.plan = () => ({ sliceBytes: 1 });
    await world.startWorker();
    const input = Buffer.from('input\n');
    const sha256 = createHash('sha256').update(input).digest('hex');
    const command = await world.command(
      exec('cat; echo done >&2', { stdin: { blob: 'patch', size: input.length, sha256 } }),
      { patch: { read: async (offset, length) => input.subarray(offset, offset + length) } },
    );
    expect(await command.outcome).toMatchObject({ code: 0 });
    expect((await (await command.log()).text()).split('\n').sort()).toEqual(['', 'done', 'input']);
    expect(world.proxy.connections).toBe(1);
  });

  test('an idle link is kept alive by both sides', async () => {
    world = await makeLinkWorld({ timing: { keepaliveMs: 150, timeoutMs: 100 } });
    await world.startWorker();
    await connected();
    const before = world.proxy.bytes;
    await until('keepalives have passed', () => world.proxy.bytes > before + 500);
    expect(world.proxy.connections).toBe(1);
  });

  test(
    'row 4: a storm of resets costs nothing but time, and fewer and fewer connections',
    async () => {
      world = await makeLinkWorld({ timing: { graceMs: 600_000 } });
      const worker = await world.startWorker({ random: () => 0.02 });
      const delays: number[] = [];
      worker.onState((state) => void (state.kind === 'waiting' && delays.push(state.delayMs)));
      const command = await world.command(exec('for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.1; done'));
      const calm = performance.now() + STORM_MS;
      const before = process.cpuUsage();
      const storm = setInterval(() => world.proxy.cutAll(), RESET_MS);
      const isOver = () => delays.length >= 10 && performance.now() >= calm;
      await until('there were many', isOver, STORM_MS + PATIENCE_MS);
      clearInterval(storm);
      const { user, system } = process.cpuUsage(before);
      tell('storm', `${world.proxy.connections} connections, ${(user + system) / 1000} ms of processor`);
      // Master, worker and wire together: a fifth of a processor, where it lasts long enough to tell.
      if (STORM_MS > 0) expect((user + system) / 1000).toBeLessThan(STORM_MS / 5);
      expect(delays.slice(0, 10).toSorted((a, b) => a - b)).toEqual(delays.slice(0, 10));
      expect(delays.at(-1)).toBe(600);
      expect(await command.outcome).toMatchObject({ code: 0 });
      expect(await (await command.log()).text()).toBe('1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n');
    },
    STORM_MS + 2 * PATIENCE_MS,
  );

  test('a worker that does not come back within the grace loses its command, and later tells how it ended', async () => {
    world = await makeLinkWorld({ timing: { graceMs: 300 } });
    const worker = await world.startWorker({ random: () => 0.01 });
    const command = await world.command(exec('touch begun; sleep 1000'));
    await until('it has begun', () => existsSync(file('begun')));
    world.proxy.refuse(true);
    world.proxy.cutAll();
    expect(await command.outcome).toMatchObject({
      status: 'lost',
      reason: expect.stringContaining('did not come back'),
    });
    world.proxy.refuse(false);
    await until('it is back', () => worker.state.kind === 'connected');
    await until('its late words were refused', async () => (await world.notes('stale')).length > 0);
    expect(await world.notes('stale')).toEqual([
      { workerid: world.workerId, name: 'w1', key: command.key, what: expect.any(String) },
    ]);
  });

  test('a worker without a master for longer than the grace ends its processes', async () => {
    world = await makeLinkWorld({ timing: { graceMs: 300 } });
    await world.startWorker();
    await world.command(exec('echo $$ > pid; sleep 1000'));
    await until(
      'it has begun',
      () => existsSync(file('pid')) && readFileSync(file('pid'), 'utf8').endsWith('\n'),
    );
    const pid = Number(readFileSync(file('pid'), 'utf8'));
    world.proxy.refuse(true);
    world.proxy.cutAll();
    await until('the process is gone', () => !existsSync(`/proc/${pid}`));
  });
});

describe('who is who', () => {
  test('row 41: a second worker of the same name takes over; the first is told and its command is lost', async () => {
    world = await makeLinkWorld();
    const first = await world.startWorker();
    const command = await world.command(exec('touch begun; sleep 1000'));
    await until('it has begun', () => existsSync(file('begun')));
    const second = await world.startWorker({ basedir: join(world.folder, 'other') });
    expect(await command.outcome).toMatchObject({
      status: 'lost',
      reason: expect.stringContaining('died or was restarted'),
    });
    await until('the first is told', () => first.state.kind === 'stopped');
    expect(first.state).toMatchObject({ reason: expect.stringContaining('another process') });
    await until('the second is in', () => second.state.kind === 'connected');
    expect(world.said.join('\n')).toContain('another process of worker w1 has connected');
    expect(await world.notes('superseded')).toMatchObject([{ name: 'w1', reason: expect.any(String) }]);
    const next = await world.command(exec('echo here'));
    expect(await next.outcome).toMatchObject({ code: 0 });
  });

  test.each([
    [{ password: 'wrong' }, 'password'],
    [{ name: 'stranger' }, 'no worker of this name'],
  ])('%j is sent away and does not come back', async (options, reason) => {
    world = await makeLinkWorld();
    const worker = await world.startWorker(options);
    await until('it was told', () => worker.state.kind === 'stopped');
    expect(worker.state).toMatchObject({ reason: expect.stringContaining(reason) });
    expect(world.proxy.connections).toBe(1);
  });

  test('a worker finds the master that answers among several', async () => {
    world = await makeLinkWorld();
    await world.startWorker({
      masters: ['ws://127.0.0.1:1', `ws://127.0.0.1:${world.proxy.port}`],
      random: () => 0,
    });
    await connected();
  });
});

test('row 26: a slow link holds a fast command back, and memory stays flat', async () => {
  world = await makeLinkWorld({ windowBytes: 200_000 });
  world.proxy.plan = () => ({ bytesPerSecond: 400_000, sliceBytes: 16_384 });
  await world.startWorker({ spoolBytes: 400_000 });
  const command = await world.command(
    exec('head -c 2500000 /dev/urandom; touch through', { timeoutMs: 1000 }),
  );
  await until('the log grows', async () => (await command.log()).bytes > 300_000);
  expect(existsSync(file('through'))).toBe(false);
  expect(await command.outcome).toMatchObject({ code: 0, cause: null });
  expect((await command.log()).bytes).toBe(2_500_000);
});

test('a worker whose spool is full and whose master is gone stops all the same', async () => {
  world = await makeLinkWorld();
  const worker = await world.startWorker({ spoolBytes: 300_000 });
  await world.command(
    exec('touch begun; while [ ! -e go ]; do sleep 0.02; done; head -c 9000000 /dev/urandom'),
  );
  await until('it has begun', () => existsSync(file('begun')));
  world.proxy.refuse(true);
  world.proxy.cutAll();
  writeFileSync(file('go'), '');
  await until('the spool is full', () => spoolBytes() >= 300_000);
  await worker.stop();
  expect(worker.state).toEqual({ kind: 'stopped', cause: 'asked', reason: null });
});
