import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { standing, stoppingText, waitingText } from './draining.ts';

const builds = (count: number) => Array.from({ length: count }, () => ({})) as never[];

test('a graceful stop says what it waits for', () => {
  expect(waitingText({ builds: builds(2) })).toContain('waiting for 2 builds to end');
  expect(waitingText(null)).toContain('waiting for the builds that run to end');
});

test('the status of a master that is about to end says after which builds', () => {
  expect(stoppingText({ draining: true, builds: builds(2) })).toBe(', stopping when 2 builds have ended');
  expect(stoppingText({ draining: true, builds: builds(1) })).toBe(', stopping when 1 build has ended');
  expect(stoppingText({ draining: false, builds: builds(1) })).toBe('');
  expect(stoppingText(null)).toBe('');
});

test('a master is asked on its socket, and one that does not answer keeps nobody', async () => {
  const basedir = await mkdtemp(join(tmpdir(), 'draining-'));
  try {
    expect(await standing(basedir)).toBeNull();
    const server = createServer((_, response) =>
      response.end('{"statuses":[{"draining":true,"builds":[]}]}'),
    );
    await new Promise<void>((done) => server.listen(join(basedir, 'master.sock'), done));
    expect(await standing(basedir)).toMatchObject({ draining: true });
    server.close();
  } finally {
    await rm(basedir, { recursive: true });
  }
});
