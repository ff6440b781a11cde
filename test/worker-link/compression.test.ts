/** Logs are compressed on the wire and at rest, and what cannot be made smaller does not grow. */
import { createHash } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeLinkWorld } from './link-world.ts';

const MEGABYTE = 1_000_000;

/** What a compiler says: lines alike, none equal. */
function buildOutput(bytes: number): Buffer {
  const lines = Array.from({ length: bytes / 80 }, (_, n) =>
    `[${String(n).padStart(7, '0')}] CC src/module-${n % 97}/file-${(n * 7919) % 10007}.c`
      .padEnd(79, '.')
      .concat('\n'),
  );
  return Buffer.from(lines.join(''));
}

/** Bytes that look random; the same at every call. */
function noise(bytes: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(bytes / 64) }, (_, n) =>
    createHash('sha512').update(String(n)).digest(),
  );
  return Buffer.concat(blocks).subarray(0, bytes);
}

/** Log one command's output through a wire that counts. Answers with bytes per byte of output. */
async function shares(output: Buffer): Promise<{ wire: number; rest: number }> {
  const world = await makeLinkWorld();
  onTestFinished(() => world.close());
  await writeFile(join(world.folder, 'output'), output);
  await world.startWorker();
  const command = await world.command({
    ...{ kind: 'exec', command: ['cat', join(world.folder, 'output')], builddir: 'b', workdir: '' },
  });
  expect(await command.outcome).toMatchObject({ status: 'exited', code: 0 });
  const sha256 = createHash('sha256').update(output).digest('hex');
  expect(await command.log()).toMatchObject({ bytes: output.length, sha256 });
  const { size } = await stat(join(world.folder, 'logs', '0', '1.log'));
  return { wire: world.proxy.bytes / output.length, rest: size / output.length };
}

test('20 MB of build output take less than a fifth of that on the wire, and no more on the disk', async () => {
  const { wire, rest } = await shares(buildOutput(20 * MEGABYTE));
  expect(wire).toBeLessThan(0.2);
  // What is stored is what was sent, but for the frames and the talk around it.
  expect(rest).toBeLessThanOrEqual(wire);
  expect(rest).toBeGreaterThan(wire * 0.8);
});

test('noise takes hardly more than itself', async () => {
  const { wire, rest } = await shares(noise(5 * MEGABYTE));
  expect([wire < 1.02, rest < 1.01]).toEqual([true, true]);
});
