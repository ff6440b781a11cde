/** For tests: what runs commands in a folder of its own, with real processes and a real spool, and reads back what they said. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import {
  BugError,
  type CommandInput,
  type CommandOutcome,
  commandSchema,
  decodeFrame,
  type ExecCommand,
  logFrameSchema,
} from '@buildbot/shared';
import { systemClock } from '../../clock.ts';
import { noFailPoint } from '../../fail-point.ts';
import { silentLog } from '../../log.ts';
import { linux } from '../../process/linux.ts';
import { Marks } from '../../process/mark.ts';
import { OutputPipes } from '../../process/output-pipes.ts';
import { Spool } from '../../spool/spool.ts';
import { type ExecDeps, runExec } from '../exec.ts';
import type { EndCause } from '../outcome.ts';

export type ExecInput = Partial<Extract<CommandInput, { kind: 'exec' }>>;

export interface RunningExec {
  outcome: Promise<CommandOutcome>;
  end(cause: EndCause): void;
  started: Promise<void>;
}

export interface ExecWorld {
  root: string;
  /** May be changed before a command is run. */
  deps: ExecDeps;
  run(command: string | string[], input?: ExecInput): RunningExec;
  /** What the spool holds for a log, unpacked, with the streams it came from. */
  output(log?: string): { text: string; runs: string };
  /** Path of a file in the build's folder. */
  inBuild(path: string): string;
  /** A pid that a program wrote into a file, once it is there. */
  pidIn(file: string): Promise<number>;
  remove(): void;
}

export async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await delay(10);
  }
}

function makeDeps(root: string): ExecDeps {
  mkdirSync(join(root, 'builds'));
  mkdirSync(join(root, 'tmp'));
  return {
    platform: linux,
    marks: new Marks(root),
    pipes: new OutputPipes(join(root, 'pipes')),
    spool: new Spool({ folder: join(root, 'spool'), limitBytes: 1e9 }),
    clock: systemClock,
    log: silentLog,
    failPoint: noFailPoint,
    fetchPiece: async () => new Uint8Array(),
    buildsFolder: join(root, 'builds'),
    tmpFolder: join(root, 'tmp'),
    environment: { PATH: process.env.PATH, SECRET: 'do not tell' },
    allowedEnvironment: ['PATH'],
  };
}

function runIn(deps: ExecDeps, command: string | string[], input: ExecInput): RunningExec {
  const abort = new AbortController();
  const started = Promise.withResolvers<void>();
  const parsed = commandSchema.parse({
    ...{ kind: 'exec', command, builddir: 'b', workdir: '', graceMs: 200 },
    ...input,
  });
  const outcome = runExec(deps, {
    key: '1.1.0.0',
    command: parsed as ExecCommand,
    signal: abort.signal,
    started: () => started.resolve(),
  });
  return { outcome, end: (cause) => abort.abort(cause), started: started.promise };
}

function outputIn(spool: Spool, log: string): { text: string; runs: string } {
  let text = '';
  let runs = '';
  for (let seq = 0; ; seq++) {
    const message = spool.after(seq);
    if (message === null) return { text, runs };
    const frame = decodeFrame(message.bytes);
    if (!frame.ok || !message.binary) continue;
    const header = logFrameSchema.parse(frame.header);
    if (header.log !== log) continue;
    if (header.offset !== Buffer.byteLength(text, 'latin1')) throw new BugError('a chunk is missing');
    text += zstdDecompressSync(frame.payload).toString('latin1');
    runs += header.runs.map(([stream]) => stream).join('');
  }
}

export function makeExecWorld(): ExecWorld {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'exec-')));
  const inBuild = (path: string) => join(root, 'builds/b', path);
  const world: ExecWorld = {
    ...{ root, inBuild, deps: makeDeps(root) },
    run: (command, input = {}) => runIn(world.deps, command, input),
    output: (log = 'stdio') => outputIn(world.deps.spool, log),
    async pidIn(file) {
      const text = () => (existsSync(inBuild(file)) ? readFileSync(inBuild(file), 'utf8') : '');
      await until(`${file} is written`, () => text().endsWith('\n'));
      return Number(text());
    },
    remove() {
      world.deps.spool.discard();
      linux.leftovers(world.deps.marks.worker).kill();
      rmSync(root, { recursive: true, force: true });
    },
  };
  return world;
}
