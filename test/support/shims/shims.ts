/**
 * Libraries that are preloaded into a real program to make its disk or its clock misbehave. Built from the C files beside
 * this one, once per test process. Without a C compiler that fails, and says so: `.ci/run` installs one.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

type ShimName = 'fail-nth' | 'clock-shift' | 'last-sync';

let folder: string | null = null;
const built = new Map<ShimName, Promise<string>>();

/** A folder that goes with the test process. */
function shimFolder(): string {
  if (folder !== null) return folder;
  const made = mkdtempSync(join(tmpdir(), 'shims-'));
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  folder = made;
  return made;
}

async function build(name: ShimName): Promise<string> {
  const source = fileURLToPath(new URL(`${name}.c`, import.meta.url));
  const library = join(shimFolder(), `${name}.so`);
  try {
    await run('gcc', [
      '-shared',
      '-fPIC',
      '-O1',
      '-Wall',
      '-Werror',
      '-o',
      library,
      source,
      '-ldl',
      '-pthread',
    ]);
  } catch (cause) {
    throw new Error(`this test needs a C compiler (Debian: gcc libc6-dev) to build ${name}.c`, { cause });
  }
  return library;
}

function shim(name: ShimName): Promise<string> {
  const library = built.get(name) ?? build(name);
  built.set(name, library);
  return library;
}

/** What becomes of writes or syncs below a folder. */
export interface FailureOrder {
  /** Absolute path; calls on files whose real path begins so are counted. */
  prefix: string;
  kind: 'sync' | 'write';
  /** Which call fails, from 1; 0 to count only. */
  nth: number;
  error: 'EIO' | 'ENOSPC';
  /** `always`: every call from the n-th on. Default `once`. */
  repeat?: 'once' | 'always';
}

export interface DiskFailure {
  path: string;
  /** Something had been written there, by the same descriptor, since its last sync. */
  wasWritten: boolean;
}

/** A program's environment in which calls fail, and how many were made. */
export interface FailingDisk {
  env: Record<string, string>;
  calls(): Promise<number>;
  /** The call that failed last; `null` as long as none has. */
  failure(): Promise<DiskFailure | null>;
}

/** Environment for a program whose n-th write or sync below a folder fails. */
export async function failingDisk(order: FailureOrder): Promise<FailingDisk> {
  const { prefix, kind, nth, error, repeat = 'once' } = order;
  const notes = mkdtempSync(join(shimFolder(), 'calls-'));
  const [count, path] = [join(notes, 'count'), join(notes, 'path')];
  const env = {
    LD_PRELOAD: await shim('fail-nth'),
    FAIL_PREFIX: prefix,
    FAIL_KIND: kind,
    FAIL_NTH: String(nth),
    FAIL_ERRNO: error,
    FAIL_REPEAT: repeat,
    FAIL_COUNT: count,
    FAIL_PATH: path,
  };
  return {
    env,
    calls: async () => Number(await readFile(count, 'utf8').catch(() => '0')),
    failure: async () => failureIn(await readFile(path, 'utf8').catch(() => '')),
  };
}

/** `written PATH` or `clean PATH`. */
function failureIn(note: string): DiskFailure | null {
  const [, fate, path] = /^(written|clean) (.+)$/s.exec(note) ?? [];
  return path === undefined ? null : { path, wasWritten: fate === 'written' };
}

/** A wall clock that can be shifted while programs run on it. */
export interface ShiftedClock {
  env: Record<string, string>;
  /** Milliseconds from the real time; seen by every program with this environment at its next look at the clock. */
  shift(ms: number): Promise<void>;
}

/** Environment for programs whose wall clock is shifted by `ms`, to begin with. */
export async function shiftedClock(ms = 0): Promise<ShiftedClock> {
  const file = join(mkdtempSync(join(shimFolder(), 'clock-')), 'shift');
  writeFileSync(file, String(ms));
  return {
    env: { LD_PRELOAD: await shim('clock-shift'), CLOCK_SHIFT_FILE: file },
    async shift(to) {
      // Replaced whole: nobody may read half a number.
      await writeFile(`${file}.new`, String(to));
      await rename(`${file}.new`, file);
    },
  };
}

/** A program's environment in which it is known what a power cut would leave. */
export interface SyncedDisk {
  env: Record<string, string>;
  /** Make `folder` as the disk would be found if the power failed now. */
  rebuild(folder: string): Promise<void>;
}

/** Environment for one program whose syncs below a folder (a real path) are noted. What is there when it begins is durable. */
export async function syncedDisk(prefix: string): Promise<SyncedDisk> {
  const shadow = mkdtempSync(join(shimFolder(), 'synced-'));
  const env = { LD_PRELOAD: await shim('last-sync'), SYNC_PREFIX: prefix, SYNC_SHADOW: shadow };
  const rebuildFolder = async (key: string, folder: string): Promise<void> => {
    await mkdir(folder, { mode: 0o700 });
    // A directory that was never synced is empty, and so is a file.
    const entries = await readFile(join(shadow, `d-${key}`), 'utf8').catch(() => '');
    for (const line of entries.split('\n').filter(Boolean)) {
      const [type, of, ...words] = line.split(' ');
      const path = join(folder, words.join(' '));
      if (type === 'd') await rebuildFolder(of as string, path);
      if (type !== 'f') continue;
      await writeFile(path, '', { mode: 0o600 });
      await copyFile(join(shadow, `f-${of}`), path).catch(() => undefined);
    }
  };
  return {
    env,
    rebuild: async (folder) => rebuildFolder(await readFile(join(shadow, 'root'), 'utf8'), folder),
  };
}
