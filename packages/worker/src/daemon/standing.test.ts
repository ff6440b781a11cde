import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readStanding, StandingNote, standingText } from './standing.ts';

let basedir: string;
let now: number;

beforeEach(() => {
  basedir = mkdtempSync(join(tmpdir(), 'standing-'));
  now = new Date(2026, 10, 21, 12, 3).getTime();
});

afterEach(() => {
  rmSync(basedir, { recursive: true, force: true });
});

const make = () => new StandingNote(basedir, () => now);

/** What `status` says after the process id. */
function said(): string | null {
  const standing = readStanding(basedir, process.pid);
  return standing === null ? null : standingText(standing);
}

test('says to which master it is connected, and since when it is not, however often it tries', () => {
  const note = make();
  expect(said()).toBe('not connected since 2026-11-21 12:03: no master has answered so far');
  note.onState({ kind: 'connected', url: 'ws://m:9989/worker' });
  expect(said()).toBe('connected to ws://m:9989/worker');
  now += 3_600_000;
  note.onState({ kind: 'waiting', reason: 'it went away', delayMs: 0 });
  now += 3_600_000;
  note.onState({ kind: 'connecting', url: 'ws://m:9989/worker' });
  note.onState({ kind: 'waiting', reason: 'connection refused', delayMs: 1000 });
  expect(said()).toBe('not connected since 2026-11-21 13:03: connection refused');
});

test('a reason that a master gave reaches no terminal as it is', () => {
  make().onState({ kind: 'waiting', reason: 'no\u001b[2J\nrunning', delayMs: 0 });
  expect(said()).toBe('not connected since 2026-11-21 12:03: no [2J running');
});

test('says what keeps it on its way out', () => {
  const note = make();
  note.onState({ kind: 'connected', url: 'ws://m' });
  note.onWait('1 command to end');
  expect(said()).toBe('connected to ws://m, leaving: waiting for 1 command to end');
});

test('says what holds its commands together', () => {
  const note = make();
  note.onState({ kind: 'connected', url: 'ws://m' });
  note.onHold('process groups');
  expect(said()).toBe('connected to ws://m, commands held together by process groups');
});

test('what another process left behind, or half a file, says nothing', () => {
  make();
  expect(readStanding(basedir, process.pid + 1)).toBeNull();
  writeFileSync(join(basedir, 'worker.state'), '{"pid":');
  expect(said()).toBeNull();
});

test('leaves nothing behind', () => {
  const note = make();
  note.remove();
  note.remove();
  expect(readdirSync(basedir)).toEqual([]);
});

test('a disk that takes nothing ends no worker, and leaves no old news', () => {
  const note = make();
  // A folder in the way stops also root.
  mkdirSync(join(basedir, 'worker.state.new'));
  note.onState({ kind: 'connected', url: 'ws://m' });
  expect(said()).toBeNull();
});
