/** A daemon whose own log is on the disk that is full, as it is where `start` puts it. Needs root, for a small disk. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../support/processes.ts';
import { cannotMount, smallDisk } from '../support/small-disk.ts';

const WRITER = join(import.meta.dirname, 'log-writer.ts');
/** More than may wait in memory. */
const MANY = 3000;

test.skipIf(cannotMount)(
  'rows 17, 18: what cannot be logged ends nobody, and is counted once there is room',
  async () => {
    const disk = await smallDisk(4);
    onTestFinished(() => disk.remove());
    const path = join(disk.path, 'master.log');
    const log = openSync(path, 'a');
    const writer = spawn(process.execPath, ['-C', 'source', WRITER], { stdio: ['pipe', 'pipe', log] });
    closeSync(log);
    onTestFinished(() => void writer.kill('SIGKILL'));
    let said = '';
    writer.stdout?.on('data', (chunk) => {
      said += chunk;
    });
    const logged = (count: number) =>
      until(`${count} lines to be logged`, async () => said.includes(`logged ${count}\n`));

    writer.stdin?.write('before\n');
    await logged(1);
    const giveBack = await disk.fill();
    writer.stdin?.write(`${'x'.repeat(1000)}\n`.repeat(MANY));
    await logged(MANY + 1);
    expect(writer.exitCode).toBeNull();
    await giveBack();
    writer.stdin?.write('after\n');
    await until('the loss to be told', async () => readFileSync(path, 'utf8').includes('were dropped'));
    const lines = readFileSync(path, 'utf8').trim().split('\n');
    const told = lines.map((line) => JSON.parse(line) as { msg: string; lines?: number });
    const dropped = told.at(-1)?.lines ?? 0;
    expect(told.filter(({ msg }) => msg.startsWith('x'))).toHaveLength(MANY - dropped);
    expect([told[0]?.msg, told.at(-2)?.msg]).toEqual(['before', 'after']);
  },
);
