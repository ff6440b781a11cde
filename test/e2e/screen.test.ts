/** The live screen of a real `buildbot try` over a real sshd, under a pseudo-terminal: judged by cells and by bytes. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { program, until } from '../support/processes.ts';
import { type PtyScreen, ptyScreen } from '../support/pty-screen.ts';
import { createWorld, type World } from '../support/world.ts';

/** What the block may have at most. */
const MAX_LINES = 12;

let world: World;
let work: string;
let flags: string;

/** A step that says something and then waits until the test lets it go on. */
function waiting(name: string, then: string): { type: string; name: string; command: string } {
  const wait = 'while [ ! -e "$GO" ]; do sleep 0.05; done';
  return { type: 'shell', name, command: `echo "cc -c main.c"; touch ${flags}/running; ${wait}; ${then}` };
}

beforeAll(async () => {
  flags = await mkdtemp(join(tmpdir(), 'screen-'));
  const env = { GO: join(flags, 'go') };
  const hostile = String.raw`printf '\033[2J\033[H\033]0;owned\007evil\rover\033[?1049h\033[31mred\n'`;
  const names = Array.from({ length: 14 }, (_, index) => `many-${index + 1}`);
  world = await createWorld({
    builders: {
      fails: [
        { ...waiting('compile', 'true'), env },
        {
          type: 'shell',
          name: 'test',
          command: 'seq 1 400; echo "net_test.cc:88: expected 3, got 2"; exit 1',
        },
      ],
      hostile: [
        {
          type: 'shell',
          name: 'evil',
          command: `${hostile}; touch ${flags}/running; while [ ! -e "$GO" ]; do sleep 0.05; done; exit 1`,
          env,
        },
      ],
      ...Object.fromEntries(
        names.map((name) => [name, [{ ...waiting('compile everything there is', 'true'), env }]]),
      ),
    },
    maxBuilds: 4,
  });
  work = await world.clone();
});

afterAll(async () => {
  await world.remove();
  await rm(flags, { recursive: true, force: true });
});

async function start(
  columns: number,
  rows: number,
  args: string[],
  env: Record<string, string> = {},
): Promise<PtyScreen> {
  // Builds that an earlier test left must not wait again.
  await until('nothing to be in the queue', async () => (await openRequests()) === 0);
  await rm(join(flags, 'go'), { force: true });
  await rm(join(flags, 'running'), { force: true });
  const screen = ptyScreen(program('cli', ...args), {
    cwd: work,
    env: { ...world.env, ...env },
    columns,
    rows,
  });
  onTestFinished(async () => {
    await letGo();
    screen.kill('SIGKILL');
  });
  return screen;
}

async function openRequests(): Promise<number> {
  const path = '/api/v2/buildrequests?complete=false';
  return (await world.api<{ buildrequests: object[] }>(path)).buildrequests.length;
}

const letGo = (): Promise<void> => writeFile(join(flags, 'go'), '');

/** Clearing the window or its scrollback, or the alternate screen: each would take away what the user had there. */
const expectCalm = (screen: PtyScreen): void =>
  expect(screen.bytes()).not.toMatch(/\x1b\[[23]J|\x1b\[\?(1049|47|1047)h|\x1bc/);

describe.each([40, 80, 120])('at %i columns', (columns) => {
  test('a failing try shows its step, the tail of its log and the keys, and leaves its reason behind', async () => {
    const screen = await start(columns, 24, ['try', '-b', 'fails']);
    await screen.shows('│ cc -c main.c');
    await screen.shows(/1\. comp/);
    await screen.shows('no estimate yet');
    await screen.shows('enter log · d detach · x stop');
    await letGo();
    expect(await screen.exited).toBe(1);
    const text = await screen.text();
    expect(text).toContain('net_test.cc:88: expected 3, got 2');
    expect(text).toMatch(/\$ buildbot log \d+ test/);
    expect(text).toMatch(/try #\d+ failed in/);
    expect(text).not.toContain('enter log');
    expectCalm(screen);
  });
});

test('many builders never take more than the block, nor the whole of a low window', async () => {
  const builders = Array.from({ length: 14 }, (_, index) => ['-b', `many-${index + 1}`]).flat();
  const screen = await start(80, 40, ['try', ...builders]);
  await screen.shows(/… and \d+ more/);
  screen.resize(80, 8);
  await screen.shows(/… and 1\d more/);
  screen.resize(120, 30);
  await screen.shows('many-6');
  expect(screen.tallest(/─ try #\d+/)).toBeLessThanOrEqual(MAX_LINES);
  await letGo();
  expect(await screen.exited).toBe(0);
  expectCalm(screen);
});

test('the keys work in a window that was made narrower', async () => {
  const screen = await start(100, 40, ['try', '-b', 'fails']);
  await screen.shows('│ cc -c main.c');
  screen.resize(60, 40);
  await screen.shows('│ cc -c main.c');
  screen.type('?');
  await screen.shows('hide this');
  screen.type('?');
  await screen.shows('? keys');
  screen.type('x');
  await screen.shows('stop 1 build?');
  screen.type('n');
  await screen.shows('x stop');
  screen.type('d');
  expect(await screen.exited).toBe(75);
  expect(await screen.text()).toMatch(/buildbot watch \d+/);
  expectCalm(screen);
});

test('Ctrl-C says at once how to come back, and twice stops the builds', async () => {
  const screen = await start(100, 30, ['try', '-b', 'fails']);
  await screen.shows('│ cc -c main.c');
  screen.type('\x03');
  await screen.shows(/buildbot watch \d+/);
  await screen.shows('Ctrl-C again');
  screen.type('\x03');
  expect(await screen.exited).toBe(3);
  expect(await screen.text()).toContain('alice');
});

test('what a log line says to the terminal is shown and not obeyed', async () => {
  const screen = await start(80, 24, ['try', '-b', 'hostile']);
  await screen.shows(/│ .*red/);
  await letGo();
  expect(await screen.exited).toBe(1);
  expect(await screen.text()).toContain('try #');
  expect(screen.bytes()).not.toContain('\x1b]0;');
  expectCalm(screen);
});

test('NO_COLOR takes the colours and nothing else', async () => {
  const screen = await start(80, 24, ['try', '-b', 'fails'], { NO_COLOR: '1' });
  await screen.shows('│ cc -c main.c');
  await letGo();
  expect(await screen.exited).toBe(1);
  // 30 to 49 and 90 to 107 are colours; bold and dim are none.
  expect(screen.bytes()).not.toMatch(/\x1b\[(?:\d+;)*(?:[34]\d|9\d|10\d)[\d;]*m/);
});

test.each([{ TERM: 'dumb' }, { CI: 'true' }])('%o gives plain lines', async (env) => {
  const screen = await start(80, 24, ['try', '-b', 'fails'], env);
  await until('the step to run', async () => existsSync(join(flags, 'running')));
  await letGo();
  expect(await screen.exited).toBe(1);
  expect(screen.bytes()).not.toContain('\x1b');
  expect(await screen.text()).toContain('› compile');
});

/** Starts a command with a host that nobody knows yet, and waits for the question. */
async function askedAbout(host: string, ...args: string[]): Promise<PtyScreen> {
  const { ssh, sshd } = world;
  await ssh.configure(`Host ${host}`, `UserKnownHostsFile ${join(flags, `known-to-${host}`)}`);
  await ssh.addHost(host, { ...sshd, clientKey: ssh.path('key-alice') });
  const argv = program('cli', ...args, '--host', host);
  const screen = ptyScreen(argv, { cwd: work, env: world.env, columns: 80, rows: 24 });
  onTestFinished(() => screen.kill('SIGKILL'));
  await screen.shows('Trust it and remember it (yes/no)?');
  return screen;
}

test('asks about an unknown host where it can be read and answered, then goes on', async () => {
  const screen = await askedAbout('newcomer', 'try', '-b', 'many-1');
  const asked = (await screen.text()).trimEnd().split('\n');
  expect(asked.at(-1)).toMatch(/^Trust it and remember it/);
  expect(asked.some((line) => /key is SHA256:[A-Za-z0-9+/]{43}$/.test(line))).toBe(true);
  screen.type('yes\r');
  await writeFile(join(flags, 'go'), '');
  onTestFinished(() => rm(join(flags, 'go'), { force: true }));
  expect(await screen.exited).toBe(0);
  expect(await screen.text()).toMatch(/try #\d+ passed/);
});

test.each([
  ['try', 'Ctrl-C', '\x03', 130, 'interrupted, nothing was sent'],
  ['try', 'Ctrl-D', '\x04', 5, 'was not accepted'],
  ['try', 'no', 'no\r', 5, 'was not accepted'],
  ['builders', 'Ctrl-C', '\x03', 130, 'interrupted'],
  ['watch', 'Ctrl-C', '\x03', 130, 'interrupted'],
])('an unknown host is declined in %s with %s', async (command, name, keys, exitCode, reason) => {
  const screen = await askedAbout(`${command}-${name.toLowerCase()}`, command);
  screen.type(keys);
  expect(await screen.exited).toBe(exitCode);
  const text = await screen.text();
  expect(text).toContain(reason);
  expect(text).toMatch(/key is SHA256:[A-Za-z0-9+/]{43}\n+Trust it and remember it/);
  expect(text).not.toContain('bug in buildbot');
});
