/**
 * Whatever a command prints, the log is those bytes, and showing them does no more to a terminal than showing text. The
 * bytes travel the whole way: process, worker, link, store, API, SSH; the terminal is a real one without a window.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import xterm from '@xterm/headless';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Program, program, start, until } from '../support/processes.ts';
import { ptyScreen } from '../support/pty-screen.ts';
import { createWorld, type World } from '../support/world.ts';

let world: World;
let work: string;
/** Id of the build that printed everything in `PRINTED`. */
let buildId: number;

const HOSTILE = Buffer.from(
  [
    'before',
    '\u001b]0;pwned title\u0007\u001b]2;pwned title\u001b\\',
    '\u001b]52;c;cHduZWQ=\u0007clipboard',
    '\u001b]8;;file:///etc/passwd\u001b\\link\u001b]8;;\u001b\\',
    '\u001b]1337;File=name=eA==;inline=1:AAAA\u0007image',
    '\u001b[?1049h\u001b[2J\u001b[H\u001b[?25l\u001b[?1000h\u001b[?2004h\u001b[?1h\u001b=screen modes',
    '\u001b[5;10r\u001b[?6h\u001b[10A\u001b[3D\u001b7\u001b8\u001bMcursor',
    '\u001b[6n\u001b[c\u001b[>c\u001b[5n\u001bP$qm\u001b\\\u001bZqueries',
    '\u001bP1$r0m\u001b\\\u001b_apc\u001b\\\u001b^pm\u001b\\\u001bXsos\u001b\\strings',
    '\u0084\u0085\u009b2J\u009d0;c1\u0007\u0090q\u009cC1 as text',
    '\u001bc\u001b#8\u001b(0\u000e\u000freset and character sets',
    'bell\u0007 backspaces\b\b\b\b vertical\u000b form\u000c',
    'a\u202eb\u2066c\u200bd bidirectional and invisible',
    '✔ SUCCESS ::error::fake ##[group]fake',
    '\u001b[31mred that is never reset',
    '\u001b[999999999999999999999mlong\u001b[1;2;3;4;5;6;7;8;9;1;2;3;4;5;6;7;8;9;1;2;3;4;5;6;7;8;9;31mmany',
    '\u001b]0;a title without end',
  ].join('\r\n'),
);

/** What each step prints, by the step's name. */
const PRINTED: Record<string, Buffer> = {
  nothing: Buffer.alloc(0),
  'no line end': Buffer.from('the end'),
  NULs: Buffer.concat([Buffer.alloc(70_000), Buffer.from('\0x\0\n')]),
  'no UTF-8': Buffer.concat([
    // Lone, cut, overlong and surrogate sequences, and every byte there is.
    Buffer.from([0xff, 0xc3, 0x28, 0xc0, 0xaf, 0xed, 0xa0, 0x80, 0xf8, 0x88, 0x80, 0x80, 0x80, 10]),
    Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)),
  ]),
  noise: randomBytes(3_000_000),
  progress: Buffer.from(Array.from({ length: 100_000 }, (_, at) => `\r${at} of 100000`).join('')),
  'short lines': Buffer.from('\n'.repeat(500_000)),
  umlauts: Buffer.from('ä€😀'.repeat(300_000)),
  'C1 bytes': Buffer.from([0x41, 0x9b, 0x32, 0x4a, 0x9d, 0x30, 0x3b, 0x78, 0x9c, 0x90, 0x85, 0x0a]),
  hostile: HOSTILE,
};
const LONG_LINE = 100_000_000;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

beforeAll(async () => {
  const steps = Object.keys(PRINTED).map((name, index) => ({
    ...{ type: 'shell', name, command: `cat ../../../../printed-${index}` },
  }));
  const longLine = `head -c ${LONG_LINE} /dev/zero | tr '\\0' x`;
  world = await createWorld({
    builders: {
      prints: [...steps, { type: 'shell', name: 'long line', command: longLine }],
      fails: [{ type: 'shell', name: 'hostile', command: 'cat ../../../../hostile; exit 1' }],
      trickles: [{ type: 'shell', name: 'trickle', command: [process.execPath, '../../../../trickle.mjs'] }],
    },
  });
  for (const [index, bytes] of Object.values(PRINTED).entries())
    await writeFile(join(world.dir, `printed-${index}`), bytes);
  await writeFile(join(world.dir, 'hostile'), HOSTILE);
  await writeFile(join(world.dir, 'trickle.mjs'), TRICKLE);
  work = await world.clone();
  const { code, stdout } = await world.buildbot(work, ['try', '-b', 'prints', '--json']);
  expect(code).toBe(0);
  buildId = JSON.parse(stdout).builds[0].buildId;
}, 120_000);

afterAll(() => world.remove());

/** Standard output of `buildbot log`, as bytes. */
function log(...args: string[]): Promise<Buffer> {
  return bytesOf(startLog(...args));
}

/** What a terminal would get: the bytes of a pipe, with colours. */
function shownLog(...args: string[]): Promise<Buffer> {
  const env = { ...world.env, FORCE_COLOR: '1' };
  return bytesOf(start(program('cli', 'log', ...args), { cwd: work, env }));
}

async function bytesOf(child: Program): Promise<Buffer> {
  const chunks: Buffer[] = [];
  child.child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { code, stderr } = await child.finished;
  expect([code, stderr]).toEqual([0, '']);
  return Buffer.concat(chunks);
}

function startLog(...args: string[]): Program {
  return start(program('cli', 'log', ...args), { cwd: work, env: world.env });
}

test.each(Object.keys(PRINTED))('%s is logged byte for byte', async (step) => {
  const raw = await log(String(buildId), step, '--raw');
  const expected = PRINTED[step] as Buffer;
  expect([raw.length, sha256(raw)]).toEqual([expected.length, sha256(expected)]);
});

test('a line of 100 MB is logged byte for byte, and shown whole', async () => {
  const expected = sha256(Buffer.alloc(LONG_LINE, 'x'));
  const raw = await log(String(buildId), 'long line', '--raw');
  expect([raw.length, sha256(raw)]).toEqual([LONG_LINE, expected]);
  const shown = await log(String(buildId), 'long line');
  expect([shown.length - LONG_LINE <= 1, sha256(shown.subarray(0, LONG_LINE))]).toEqual([true, expected]);
}, 120_000);

/** What writing to a terminal did to it beside showing text. */
async function effectsOn(text: Uint8Array): Promise<string[]> {
  const terminal = new xterm.Terminal({ cols: 80, rows: 24, allowProposedApi: true, convertEol: true });
  const effects: string[] = [];
  terminal.onTitleChange(() => effects.push('title'));
  terminal.onData(() => effects.push('an answer typed into the input'));
  terminal.onBell(() => effects.push('bell'));
  const { parser } = terminal;
  const saw = (what: string) => () => {
    effects.push(what);
    return false;
  };
  for (const code of [0, 1, 2, 4, 7, 8, 9, 10, 11, 12, 52, 104, 133, 777, 1337])
    parser.registerOscHandler(code, saw(`OSC ${code}`));
  for (const final of 'ABCDEFGHIJKLMPSTXZ@`abcdefghlnpqrstu')
    for (const prefix of ['', '?', '>'])
      parser.registerCsiHandler(prefix === '' ? { final } : { prefix, final }, saw(`CSI ${prefix}${final}`));
  for (const final of '78DEHMNOZc=>') parser.registerEscHandler({ final }, saw(`ESC ${final}`));
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  await new Promise<void>((resolve) => terminal.write('\nEND', resolve));
  const { active } = terminal.buffer;
  if (active.type !== 'normal') effects.push('alternate screen');
  const { mouseTrackingMode, bracketedPasteMode, applicationCursorKeysMode, originMode } = terminal.modes;
  if (mouseTrackingMode !== 'none' || bracketedPasteMode || applicationCursorKeysMode || originMode)
    effects.push('a mode was changed');
  const last = active.getLine(active.baseY + active.cursorY);
  if (last?.translateToString(true) !== 'END') effects.push('the cursor is elsewhere');
  if (last?.getCell(0)?.isFgDefault() === false) effects.push('a colour was left behind');
  terminal.dispose();
  return effects;
}

test('the terminal that judges sees what raw bytes would do', async () => {
  const effects = await effectsOn(HOSTILE);
  for (const effect of ['title', 'OSC 52', 'an answer typed into the input', 'CSI ?h', 'bell'])
    expect(effects).toContain(effect);
});

test.each(Object.keys(PRINTED))('%s is harmless to a terminal', async (step) => {
  const shown = await shownLog(String(buildId), step);
  expect(await effectsOn(shown)).toEqual([]);
  // Neither C0 controls but tab and line end, nor C1, nor what turns the direction of text.
  expect(shown.toString()).not.toMatch(
    /[\x00-\x08\x0b-\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/u,
  );
  expect(shown.toString().replace(/\x1b\[[0-9;:]*m/g, '')).not.toContain('\u001b');
});

test('colours reach a terminal and nothing else, but for those who want them', async () => {
  const colours = /\x1b\[[0-9;]*m/;
  expect((await log(String(buildId), 'hostile')).toString()).not.toContain('\x1b');
  expect((await shownLog(String(buildId), 'hostile')).toString()).toMatch(colours);
  const argv = program('cli', 'log', String(buildId), 'hostile');
  const onTerminal = ptyScreen(argv, { cwd: work, env: world.env, columns: 80, rows: 24 });
  expect(await onTerminal.exited).toBe(0);
  expect(onTerminal.bytes()).toMatch(colours);
});

test('what a failing step printed last is harmless, too, where try shows it', async () => {
  const shown = await world.buildbot(work, ['try', '-b', 'fails']);
  expect(shown.code).toBe(1);
  expect(shown.stdout).toContain('SUCCESS ::error::fake');
  expect(await effectsOn(Buffer.from(shown.stdout + shown.stderr))).toEqual([]);
});

/** Prints 4 MB in pieces of odd sizes for two seconds or so, then waits to be let go. */
const TRICKLE = `
import { existsSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
let state = 7;
for (let piece = 0; piece < 200; piece++) {
  const bytes = Buffer.alloc(20_000 + piece);
  for (let at = 0; at < bytes.length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = state >>> 24;
  }
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
  await setTimeout(10);
}
while (!existsSync('../../../../go')) await setTimeout(20);
writeSync(1, 'last words');
`;

/** The same bytes, made here. */
function trickled(): Buffer {
  const pieces: Buffer[] = [];
  let state = 7;
  for (let piece = 0; piece < 200; piece++) {
    const bytes = Buffer.alloc(20_000 + piece);
    for (let at = 0; at < bytes.length; at++) {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      bytes[at] = state >>> 24;
    }
    pieces.push(bytes);
  }
  return Buffer.concat([...pieces, Buffer.from('last words')]);
}

test('a log that is followed while it grows has neither gap nor repeat, over a connection that is cut', async () => {
  const following = world.startBuildbot(work, ['try', '-b', 'trickles', '--json']);
  await until('the log to begin', async () => {
    const { logs } = await world
      .api<{ logs: { bytes: number; name: string }[] }>(
        '/api/v2/builders/trickles/builds/1/steps/trickle/logs',
      )
      .catch(() => ({ logs: [] }));
    return logs?.length > 0;
  });
  const chunks: Buffer[] = [];
  const reader = startLog('trickles/1', 'trickle', '--follow', '--raw');
  reader.child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const seen = (): number => chunks.reduce((sum, { length }) => sum + length, 0);
  await until('the first bytes', async () => seen() > 300_000);
  await world.sshd.dropConnections();
  await until('all but the last words', async () => seen() >= trickled().length - 10, 30_000);
  expect(existsSync(join(world.dir, 'go'))).toBe(false);
  await writeFile(join(world.dir, 'go'), '');
  const { code } = await reader.finished;
  const read = Buffer.concat(chunks);
  expect([code, read.length, sha256(read)]).toEqual([0, trickled().length, sha256(trickled())]);
  // The try that watched it lost its connection as well, and came back.
  const { code: tryCode, stdout } = await following.finished;
  expect([tryCode, JSON.parse(stdout).result]).toEqual([0, 'success']);
}, 90_000);
