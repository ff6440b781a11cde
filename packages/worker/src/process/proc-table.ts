/** The process table of Linux, from /proc (proc(5)). A process that ends while it is being read is simply not there. */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';

export interface ProcEntry {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** Clock ticks since boot. */
  start: number;
  isZombie: boolean;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return null;
  }
}

/** A line of numbers behind a name of at most 64 bytes. */
const STAT_BYTES = 1024;
const statBuffer = Buffer.alloc(STAT_BYTES);

/** `readFileSync` asks for the size first and reads until nothing comes: five system calls where three do. */
function readStat(pid: number): string | null {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/stat`, 'r');
  } catch {
    return null;
  }
  try {
    return statBuffer.toString('latin1', 0, readSync(fd, statBuffer, 0, STAT_BYTES, 0));
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/** Parse /proc/PID/stat. The name in parentheses may hold anything, also parentheses. */
export function parseStat(text: string): ProcEntry | null {
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  const start = Number(fields[19]);
  if (!Number.isInteger(pid) || !Number.isInteger(start) || session === undefined) return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    start,
    isZombie: state === 'Z' || state === 'X',
  };
}

export function readEntry(pid: number): ProcEntry | null {
  const text = readStat(pid);
  return text === null ? null : parseStat(text);
}

/** Every process that can be seen, as far as its id is wanted. */
export function readTable(isWanted: (pid: number) => boolean = () => true): ProcEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isWanted(Number(name)))
    .flatMap((name) => readEntry(Number(name)) ?? []);
}

/** One variable of the environment a process was started with; `null` when it has none or it may not be read. */
export function environmentValue(pid: number, name: string): string | null {
  const prefix = `${name}=`;
  const entry = read(`/proc/${pid}/environ`)
    ?.split('\0')
    .find((text) => text.startsWith(prefix));
  return entry?.slice(prefix.length) ?? null;
}

/** Soft limit on file size in bytes; `null` when unlimited or it may not be read. */
export function fileSizeLimit(pid: number): number | null {
  const digits = /^Max file size +(\d+)/m.exec(read(`/proc/${pid}/limits`) ?? '')?.[1];
  return digits === undefined ? null : Number(digits);
}
