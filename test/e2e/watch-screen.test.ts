/** `buildbot watch` in a terminal, over a real sshd, under a pseudo-terminal: judged by cells and by bytes. */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { program, until } from '../support/processes.ts';
import { type PtyScreen, ptyScreen } from '../support/pty-screen.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let work: string;

beforeAll(async () => {
  const command = 'touch ../../../../running; while [ ! -e ../../../../go ]; do sleep 0.05; done; exit 1';
  world = await createWorld({
    builders: {
      quick: [{ type: 'shell', name: 'test', command: 'true' }],
      slow: [{ type: 'shell', name: 'compile', command }],
    },
    maxBuilds: 1,
  });
  work = await world.clone();
  expect((await world.buildbot(work, ['try', '-q', '-b', 'quick'])).code).toBe(0);
});
afterAll(() => world.remove());
beforeEach(async () => {
  await until('nothing to be in the queue', async () => {
    const path = '/api/v2/buildrequests?complete=false';
    return (await world.api<{ buildrequests: object[] }>(path)).buildrequests.length === 0;
  });
  for (const flag of ['go', 'running']) await rm(join(world.dir, flag), { force: true });
});

const letGo = (): Promise<void> => writeFile(join(world.dir, 'go'), '');

function watch(columns: number, rows: number, ...args: string[]): PtyScreen {
  const screen = ptyScreen(program('cli', 'watch', ...args), { cwd: work, env: world.env, columns, rows });
  onTestFinished(async () => {
    await letGo();
    screen.kill('SIGKILL');
  });
  return screen;
}

async function detachedTry(builder: string): Promise<void> {
  expect((await world.buildbot(work, ['try', '--detach', '-b', builder])).code).toBe(75);
}

/** Clearing the window or its scrollback, or the alternate screen: each would take away what the user had there. */
const expectCalm = (screen: PtyScreen): void =>
  expect(screen.bytes()).not.toMatch(/\x1b\[[23]J|\x1b\[\?(1049|47|1047)h|\x1bc/);

test.each([40, 80, 120])(
  'at %i columns it shows builders, what runs and waits, and follows a build to its end',
  async (columns) => {
    const screen = watch(columns, 20);
    await screen.shows(/^Test .*0 running · 0 waiting/m);
    await screen.shows(/✔ quick +#\d+ +passed/);
    await screen.shows('1 of 1 workers connected · q quit');
    await detachedTry('slow');
    await screen.shows(/▶ slow +#\d+ +compile/);
    await detachedTry('quick');
    await screen.shows(/⧗ quick +1 waiting/);
    await screen.shows(/^Test .*1 running · 1 waiting/m);
    await until('the step to run', async () => existsSync(join(world.dir, 'running')));
    await letGo();
    await screen.shows(/✗ slow +#\d+ +failed/);
    await screen.shows(/^Test .*0 running · 0 waiting/m);
    screen.type('q');
    expect(await screen.exited).toBe(0);
    const rows = (await screen.text()).trimEnd().split('\n');
    expect(Math.max(...rows.map((row) => row.length))).toBeLessThan(columns);
    expect(rows.join('\n')).not.toContain('q quit');
    expectCalm(screen);
  },
);

test('it survives any size of window, and leaves the cursor and the keys as they were on Ctrl-C', async () => {
  const screen = watch(120, 20);
  await screen.shows('q quit');
  await detachedTry('slow');
  for (const [columns, rows] of [
    [60, 20],
    [1, 1],
    [3, 4],
    [100, 5],
  ] as const)
    screen.resize(columns, rows);
  await screen.shows(/▶ slow/);
  screen.resize(80, 20);
  await screen.shows('q quit');
  screen.type('\x03');
  expect(await screen.exited).toBe(0);
  expect(screen.bytes().lastIndexOf('\x1b[?25h')).toBeGreaterThan(screen.bytes().lastIndexOf('\x1b[?25l'));
  expectCalm(screen);
});

test('a connection that is cut is made again, and the screen goes on', async () => {
  const screen = watch(100, 20);
  await screen.shows('q quit');
  await world.sshd.dropConnections();
  await detachedTry('slow');
  await screen.shows(/▶ slow +#\d+ +compile/);
  screen.type('q');
  expect(await screen.exited).toBe(0);
  expectCalm(screen);
});
