/**
 * What `watch --full` costs with 200 builders at work, and with a log of 10,000 lines a second open: processor time, bytes to
 * the terminal, time from a key to its frame, memory. Aims: 20 % of a core, 30 KiB/s, 50 ms, no growth.
 */
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { type IPty, spawn } from '@lydell/node-pty';
import { program } from '../test/support/processes.ts';
import { farmServer } from './farm-server.ts';
import { cpuMs, type Figure, median, report } from './report.ts';

const SECONDS = Number(process.argv[2] ?? 7);
const LOAD = { builders: 200, eventsPerSecond: 100, linesPerSecond: 10_000 };
const KEYS = 15;

interface Terminal {
  child: IPty;
  bytes: () => number;
  /** Resolves with the milliseconds until something with these words was written. */
  shows: (words: RegExp) => Promise<number>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const farm = await farmServer(LOAD);
const terminal = openTerminal([...program('cli', 'watch', '--full', '--api', farm.url)]);
try {
  await terminal.shows(/Builders \(200\)/);
  await measure('lists');
  terminal.child.write('j\r');
  await terminal.shows(/part-\d+\.o/);
  await measure('log');
} finally {
  terminal.child.kill('SIGKILL');
  farm.close();
}

/** Lets it run for some time, then presses keys. */
async function measure(screen: string): Promise<void> {
  // Past the first frames, and past what is compiled while it begins.
  await pause(1500);
  const before = {
    cpu: cpuMs(terminal.child.pid),
    bytes: terminal.bytes(),
    rss: rssMb(),
    lines: farm.lines(),
  };
  const begin = performance.now();
  await pause(SECONDS * 1000);
  const seconds = (performance.now() - begin) / 1000;
  const conditions = {
    screen,
    ...LOAD,
    seconds,
    linesRead: Math.round((farm.lines() - before.lines) / seconds),
  };
  const tell = (figure: Pick<Figure, 'figure' | 'value' | 'unit' | 'aim'>): void =>
    report({ bench: 'watch-cpu', ...figure, conditions });
  const cpu = (cpuMs(terminal.child.pid) - before.cpu) / seconds / 10;
  tell({ figure: `${screen}: processor`, value: cpu, unit: '%', aim: '<= 20 % of a core' });
  const bytes = (terminal.bytes() - before.bytes) / seconds / 1024;
  tell({ figure: `${screen}: to the terminal`, value: bytes, unit: 'KiB/s', aim: '<= 30 KiB/s' });
  const rss = rssMb();
  tell({ figure: `${screen}: memory`, value: rss, unit: 'MB', aim: '<= 150 MB' });
  tell({ figure: `${screen}: memory grown`, value: rss - before.rss, unit: 'MB', aim: 'flat' });
  const times = await keyTimes();
  tell({ figure: `${screen}: key to frame, median`, value: median(times), unit: 'ms', aim: '<= 50 ms' });
  tell({
    figure: `${screen}: key to frame, longest`,
    value: Math.max(...times),
    unit: 'ms',
    aim: '<= 50 ms',
  });
}

/** The help comes, and goes. */
async function keyTimes(): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < KEYS; round++) {
    terminal.child.write('?');
    times.push(await terminal.shows(/any key to go back/));
    terminal.child.write(' ');
    times.push(await terminal.shows(/\? keys/));
    await pause(37);
  }
  return times;
}

function openTerminal([file = '', ...args]: string[]): Terminal {
  const env = { ...process.env, TERM: 'xterm-256color', HOME: tmpdir(), CI: '' };
  const child = spawn(file, args, { env, cols: 120, rows: 50, cwd: tmpdir() });
  let bytes = 0;
  let recent = '';
  let wake = (): void => {};
  child.onData((text) => {
    bytes += Buffer.byteLength(text);
    recent = (recent + text).slice(-64 * 1024);
    wake();
  });
  const shows = async (words: RegExp): Promise<number> => {
    const begin = performance.now();
    recent = '';
    while (!words.test(recent)) {
      if (performance.now() - begin > 10_000)
        throw new Error(`never shown: ${words}\n${recent.slice(-2000)}`);
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, 1000);
      });
    }
    return performance.now() - begin;
  };
  return { child, bytes: () => bytes, shows };
}

function rssMb(): number {
  const pages = Number(readFileSync(`/proc/${terminal.child.pid}/statm`, 'utf8').split(' ')[1]);
  return (pages * 4096) / 1024 / 1024;
}
