/**
 * How a running worker stands: a small file in BASEDIR, for `status` and for whoever asked it to stop and waits with it.
 * It names its process: what a killed worker has left behind says nothing of the next one.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SessionState } from '../session/session.ts';

export interface Standing {
  pid: number;
  /** Address of the master that has let it in; `null` while none has. */
  connectedTo: string | null;
  /** When the connection, or the time without one, began. Epoch milliseconds. */
  since: number;
  /** Why there is no connection. */
  reason: string;
  /** What it waits for on its way out; `null` when nobody asked it to leave, or nothing keeps it. */
  waitsFor: string | null;
  /** What holds the processes of a command together; `null` while it is not known. */
  hold: string | null;
}

function fileOf(basedir: string): string {
  return join(basedir, 'worker.state');
}

/** What the worker with this process id last said of itself; `null` when it says nothing. */
export function readStanding(basedir: string, pid: number): Standing | null {
  try {
    const standing: Standing = JSON.parse(readFileSync(fileOf(basedir), 'utf8'));
    return standing.pid === pid ? standing : null;
  } catch {
    return null;
  }
}

/** For people: `connected to ws://m:9989, leaving: waiting for 1 command to end`. */
export function standingText({ connectedTo, since, reason, waitsFor, hold }: Standing): string {
  const connection =
    connectedTo === null
      ? `not connected since ${localTime(since)}: ${reason}`
      : `connected to ${connectedTo}`;
  const leaving = waitsFor === null ? [] : [`leaving: waiting for ${waitsFor}`];
  const held = hold === null ? [] : [`commands held together by ${hold}`];
  const text = [connection, ...held, ...leaving].join(', ');
  // A master may give any reason.
  return text.replace(/\p{C}/gu, ' ');
}

/** `2026-11-21 12:03`, on the clock of this machine. */
function localTime(at: number): string {
  const date = new Date(at);
  const [month, day, hour, minute] = [
    date.getMonth() + 1,
    date.getDate(),
    date.getHours(),
    date.getMinutes(),
  ].map((part) => String(part).padStart(2, '0'));
  return `${date.getFullYear()}-${month}-${day} ${hour}:${minute}`;
}

/** The file of the worker that runs in this process. */
export class StandingNote {
  readonly #path: string;
  readonly #now: () => number;
  #standing: Standing;

  constructor(basedir: string, now: () => number) {
    this.#path = fileOf(basedir);
    this.#now = now;
    const reason = 'no master has answered so far';
    this.#standing = {
      pid: process.pid,
      connectedTo: null,
      since: now(),
      reason,
      waitsFor: null,
      hold: null,
    };
    this.#write();
  }

  readonly onState = (state: SessionState): void => {
    const { connectedTo } = this.#standing;
    if (state.kind === 'connected') this.#change({ connectedTo: state.url, since: this.#now() });
    if (state.kind === 'waiting')
      this.#change({
        ...{ connectedTo: null, reason: state.reason },
        // Each failed attempt belongs to the same time without a master.
        ...(connectedTo === null ? {} : { since: this.#now() }),
      });
  };

  readonly onHold = (hold: string): void => {
    this.#change({ hold });
  };

  readonly onWait = (waitsFor: string): void => {
    this.#change({ waitsFor });
  };

  remove(): void {
    try {
      rmSync(this.#path, { force: true });
    } catch {
      // It names a process that has ended.
    }
  }

  #change(change: Partial<Standing>): void {
    this.#standing = { ...this.#standing, ...change };
    this.#write();
  }

  #write(): void {
    try {
      writeFileSync(`${this.#path}.new`, `${JSON.stringify(this.#standing)}\n`);
      renameSync(`${this.#path}.new`, this.#path);
    } catch {
      // A full disk is no reason to end builds; but old news would be wrong news.
      this.remove();
    }
  }
}
