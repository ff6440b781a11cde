/** Cutting the wire changes nothing but the time. */
import { createHash } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import { type LinkWorld, makeLinkWorld, until } from './link-world.ts';

let world: LinkWorld | undefined;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** A script that prints `bytes` of noise and text, and the SHA-256 of exactly that. */
function noise(bytes: number): { script: string; sha256: string } {
  const script = `
    let state = 7;
    const block = Buffer.alloc(4096);
    for (let left = ${bytes}; left > 0; left -= 4096) {
      for (let at = 0; at < 4096; at++) { state = (Math.imul(state, 1103515245) + 12345) >>> 0; block[at] = state >>> 24; }
      require('fs').writeSync(1, block);
    }`;
  const hash = createHash('sha256');
  const block = Buffer.alloc(4096);
  let state = 7;
  for (let left = bytes; left > 0; left -= 4096) {
    for (let at = 0; at < 4096; at++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      block[at] = state >>> 24;
    }
    hash.update(block);
  }
  return { script, sha256: hash.digest('hex') };
}

test('20 MB of output and 200 cuts at random bytes: the log is what the command wrote', async () => {
  world = await makeLinkWorld({ windowBytes: 1024 * 1024 });
  const cuts = { left: 200 };
  const kinds = ['reset', 'end', 'half'] as const;
  let seed = 42;
  const random = (below: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
  world.proxy.plan = (index) => {
    if (cuts.left-- <= 0) return {};
    return { cutAfterBytes: 1 + random(index % 3 === 0 ? 1500 : 250_000), cut: kinds[index % 3] ?? 'reset' };
  };
  await world.startWorker({ random: () => 0 });
  const { script, sha256 } = noise(20 * 1024 * 1024);
  const command = await world.command({
    kind: 'exec',
    command: [process.execPath, '-e', script],
    builddir: 'b',
    workdir: '',
  });
  expect(await command.outcome).toMatchObject({ status: 'exited', code: 0 });
  expect(await command.log()).toMatchObject({ bytes: 20 * 1024 * 1024, sha256 });
  expect(world.proxy.connections).toBeGreaterThan(200);
}, 120_000);

test('a command that ends while the wire is cut is told when it is back', async () => {
  world = await makeLinkWorld();
  const worker = await world.startWorker();
  const command = await world.command({
    kind: 'exec',
    command: 'read line < gate; echo through',
    builddir: 'b',
    workdir: '',
  });
  await until('it is connected', () => worker.state.kind === 'connected');
  world.proxy.refuse(true);
  world.proxy.cutAll();
  await until('the master has seen it go', () => world?.sessions.pool.connected().length === 0);
  world.proxy.refuse(false);
  expect(await command.outcome).toMatchObject({ status: 'exited' });
});
