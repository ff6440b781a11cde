/** `buildbot watch --full` over a real sshd, under a pseudo-terminal: its keys, and that the terminal is given back. */
import { existsSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { program, until } from '../support/processes.ts';
import { type PtyScreen, ptyScreen } from '../support/pty-screen.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let work: string;
let pager: string;

beforeAll(async () => {
  world = await createWorld({
    builders: {
      quick: [{ type: 'shell', name: 'test', command: 'seq 1000 | sed "s/^/line /"; exit 1' }],
      slow: [{ type: 'shell', name: 'compile', command: 'echo begun; sleep 600' }],
    },
  });
  work = await world.clone();
  pager = join(world.dir, 'pager');
  await writeFile(pager, `#!/bin/sh\ncat > ${join(world.dir, 'paged')}\n`);
  await chmod(pager, 0o755);
  expect((await world.buildbot(work, ['try', '-q', '-b', 'quick'])).code).toBe(1);
});
afterAll(() => world.remove());

function watch(...args: string[]): PtyScreen {
  const env = { ...world.env, PAGER: pager };
  const screen = ptyScreen(program('cli', 'watch', ...args), { cwd: work, env, columns: 100, rows: 30 });
  onTestFinished(() => screen.kill('SIGKILL'));
  return screen;
}

/** The alternate screen was left as often as entered, with the cursor shown; nothing of the user's was cleared. */
function expectGivenBack(screen: PtyScreen, times: number): void {
  const bytes = screen.bytes();
  expect(bytes).not.toMatch(/\x1b\[[23]J|\x1bc/);
  expect(bytes.split('\x1b[?1049h')).toHaveLength(times + 1);
  expect(bytes.split('\x1b[?1049l')).toHaveLength(times + 1);
  expect(bytes.lastIndexOf('\x1b[?25h')).toBeGreaterThan(bytes.lastIndexOf('\x1b[?25l'));
}

test('a build is opened, its log searched and paged; another is forced, followed and stopped', async () => {
  const screen = watch('--full');
  await screen.shows(/▾ Builders \(2\)/);
  await screen.shows(/✔ w1|▶ w1|Workers \(1\)/);
  screen.type('/quick\r');
  await screen.shows(/Builders \(1\)/);
  screen.type('j\r');
  await screen.shows(/✗ quick\/1 {2}failed/);
  await screen.shows(/line 1000/);
  screen.type('/line 77\r');
  await screen.shows(/line 770/);
  screen.type('o');
  await until('the pager to have read it', async () => existsSync(join(world.dir, 'paged')));
  await screen.shows(/line 770/);
  await until('the whole log to be there', async () =>
    (await readFile(join(world.dir, 'paged'), 'utf8')).includes('line 1000'),
  );
  screen.type('\x1b');
  await screen.shows(/Builders \(1\)/);
  screen.type('\x1b');
  await screen.shows(/Builders \(2\)/);
  screen.type('/slow\r');
  await screen.shows(/Builders \(1\)/);
  screen.type('gjFy');
  await screen.shows(/forced slow as try #\d+/);
  await screen.shows(/▶ slow +#1 compile/);
  screen.type('gj\r');
  await screen.shows(/▶ slow\/1/);
  await screen.shows(/begun/);
  screen.type('xy');
  await screen.shows(/slow\/1 {2}cancelled/);
  screen.type('q');
  expect(await screen.exited).toBe(0);
  // How things stood in the end is told on the user's own screen.
  expect(await screen.text()).toMatch(/✗ quick +#1 +failed/);
  expectGivenBack(screen, 2);
});

test('a key goes to the full screen and back', async () => {
  const screen = watch();
  await screen.shows('q quit · f full');
  screen.type('f');
  await screen.shows(/▾ Builders \(2\)/);
  screen.type('f');
  await screen.shows('q quit · f full');
  screen.type('\x03');
  expect(await screen.exited).toBe(0);
  expectGivenBack(screen, 1);
});

test.each(['SIGTERM', 'SIGHUP'] as const)('on %s the terminal is given back', async (signal) => {
  const screen = watch('--full');
  await screen.shows(/▾ Builders/);
  screen.kill(signal);
  expect(await screen.exited).toBe(0);
  expectGivenBack(screen, 1);
});

test.each(['SIGTSTP', 'key'])(
  'suspended by %s it gives the terminal back, and goes on when it is continued',
  async (how) => {
    const screen = watch('--full');
    await screen.shows(/▾ Builders/);
    if (how === 'key') screen.type('\x1a');
    else process.kill(screen.pid, 'SIGTSTP');
    await until('the process to stand still', async () =>
      (await readFile(`/proc/${screen.pid}/stat`, 'utf8')).includes(') T '),
    );
    expectGivenBack(screen, 1);
    process.kill(screen.pid, 'SIGCONT');
    await until('the screen to be back', async () => screen.bytes().split('\x1b[?1049h').length === 3);
    await screen.shows(/▾ Builders/);
    screen.type('q');
    expect(await screen.exited).toBe(0);
    expectGivenBack(screen, 2);
  },
);

test('a choice of the farm is watched until nothing of it runs or waits, and mine is what I sent', async () => {
  const json = async (...args: string[]) => {
    const { code, stdout } = await world.buildbot(work, ['watch', '--json', ...args]);
    const { rows } = JSON.parse(stdout) as { rows: { builder: string }[] };
    return { code, builders: rows.map(({ builder }) => builder) };
  };
  expect(await json('--builder', 'slow', '--until', 'idle')).toEqual({ code: 0, builders: ['slow'] });
  expect(await json('--failed')).toEqual({ code: 0, builders: ['quick'] });
  expect((await json('--mine')).builders).toContain('quick');
  expect((await world.buildbot(work, ['watch', '--builder', 'slwo', '--events'])).code).toBe(2);
  expect((await world.buildbot(work, ['watch', '--until', 'failed', '--timeout', '1s'])).code).toBe(124);
});
