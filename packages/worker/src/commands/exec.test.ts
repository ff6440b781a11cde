import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import {
  type CommandInput,
  type CommandOutcome,
  commandSchema,
  decodeFrame,
  type ExecCommand,
  logFrameSchema,
} from '@buildbot/shared';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../clock.ts';
import { silentLog } from '../log.ts';
import { linux } from '../process/linux.ts';
import { Marks } from '../process/mark.ts';
import { OutputPipes } from '../process/output-pipes.ts';
import { Spool } from '../spool/spool.ts';
import { type ExecDeps, runExec } from './exec.ts';
import type { EndCause } from './outcome.ts';

let root: string;
let deps: ExecDeps;

beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'exec-')));
  mkdirSync(join(root, 'builds'));
  mkdirSync(join(root, 'tmp'));
  deps = {
    platform: linux,
    marks: new Marks(root),
    pipes: new OutputPipes(join(root, 'pipes')),
    spool: new Spool({ folder: join(root, 'spool'), limitBytes: 1e9 }),
    clock: systemClock,
    log: silentLog,
    fetchPiece: async () => new Uint8Array(),
    buildsFolder: join(root, 'builds'),
    tmpFolder: join(root, 'tmp'),
    environment: { PATH: process.env.PATH, SECRET: 'do not tell' },
    allowedEnvironment: ['PATH'],
  };
});

afterEach(() => {
  deps.spool.discard();
  linux.signal(linux.leftovers(deps.marks.worker), 'SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

type Input = Partial<Extract<CommandInput, { kind: 'exec' }>>;

interface Running {
  outcome: Promise<CommandOutcome>;
  end(cause: EndCause): void;
  started: Promise<void>;
}

function run(command: string | string[], input: Input = {}): Running {
  const abort = new AbortController();
  const started = Promise.withResolvers<void>();
  const parsed = commandSchema.parse({
    kind: 'exec',
    command,
    builddir: 'b',
    workdir: '',
    graceMs: 200,
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

/** What the spool holds for a log, unpacked, with the streams it came from. */
function output(log = 'stdio'): { text: string; runs: string } {
  let text = '';
  let runs = '';
  for (let seq = 0; ; seq++) {
    const message = deps.spool.after(seq);
    if (message === null) return { text, runs };
    const frame = decodeFrame(message.bytes);
    if (!frame.ok || !message.binary) continue;
    const header = logFrameSchema.parse(frame.header);
    if (header.log !== log) continue;
    expect(header.offset).toBe(Buffer.byteLength(text, 'latin1'));
    text += zstdDecompressSync(frame.payload).toString('latin1');
    runs += header.runs.map(([stream]) => stream).join('');
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await delay(10);
  }
}

const inBuild = (path: string) => join(root, 'builds/b', path);

/** Pids that a test program wrote into a file, once it is there. */
async function pidIn(file: string): Promise<number> {
  await until(
    `${file} is written`,
    () => existsSync(inBuild(file)) && readFileSync(inBuild(file), 'utf8').endsWith('\n'),
  );
  return Number(readFileSync(inBuild(file), 'utf8'));
}

const isAlive = (pid: number) => linux.startOf(pid) !== null;

describe('what a command gets and gives', () => {
  test('output of both streams arrives in order, with the exit code', async () => {
    const outcome = await run('echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three; exit 3').outcome;
    expect(outcome).toMatchObject({ status: 'exited', code: 3, signal: null, cause: null, strays: 0 });
    expect(output()).toEqual({ text: 'one\ntwo\nthree', runs: 'oeo' });
  });

  test('an argument vector is passed on as it is, whatever it holds', async () => {
    await run(['printf', '%s|', 'a b', '$HOME', '"; exit 9; "', '*', '']).outcome;
    expect(output().text).toBe('a b|$HOME|"; exit 9; "|*||');
  });

  test('the environment is clean: what is listed, what the command sets, and its mark', async () => {
    await run(['/usr/bin/env'], { env: { CI: 'true' } }).outcome;
    const names = output()
      .text.split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? '')).sort()).toEqual([
      'BUILDBOT_COMMAND_MARK',
      'CI',
      'PATH',
    ]);
  });

  test('a script may write to /dev/stderr and /dev/stdout', async () => {
    expect(await run('echo x > /dev/stderr && echo y > /dev/stdout').outcome).toMatchObject({ code: 0 });
    expect(output().runs).toMatch(/[oe]{2}/);
  });

  test('a signal that ends the program is named', async () => {
    expect(await run('kill -SEGV $$').outcome).toMatchObject({
      status: 'exited',
      code: null,
      signal: 'SIGSEGV',
    });
  });

  test('captured output comes back in the outcome and not in a log', async () => {
    expect(await run('echo out; echo err >&2', { output: 'capture' }).outcome).toMatchObject({
      text: 'out\n',
    });
    expect(output().text).toBe('');
  });

  test('capturing keeps one mebibyte of what may be much more', async () => {
    const outcome = await run('head -c 3000000 /dev/zero', { output: 'capture' }).outcome;
    expect(outcome.status === 'exited' ? outcome.text?.length : outcome).toBe(1024 * 1024);
  });

  test('a line of 100 MB with NULs passes whole and in little memory', async () => {
    const size = 100_000_000;
    const running = run(`head -c ${size} /dev/zero`);
    const hash = createHash('sha256');
    let bytes = 0;
    const drain = async () => {
      for (let seq = 0; ; ) {
        const message = deps.spool.after(seq);
        if (message === null) {
          if (bytes === size) return;
          await delay(5);
          continue;
        }
        const frame = decodeFrame(message.bytes);
        if (!frame.ok) throw new Error(frame.reason);
        const raw = zstdDecompressSync(frame.payload);
        hash.update(raw);
        bytes += raw.length;
        deps.spool.ack(++seq);
      }
    };
    await Promise.all([running.outcome, drain()]);
    const expected = createHash('sha256');
    for (let left = size; left > 0; left -= 1_000_000) expected.update(Buffer.alloc(1_000_000));
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });

  test('followed files are logs of their own, from where the command began to write', async () => {
    mkdirSync(inBuild(''), { recursive: true });
    writeFileSync(inBuild('old.log'), 'from an earlier build\n');
    const logfiles = [
      { log: 'old', path: 'old.log' },
      { log: 'new', path: 'sub/new.log' },
      { log: 'none', path: 'never.log' },
    ];
    await run(
      'echo more >> old.log; mkdir sub; echo first > sub/new.log; sleep 0.7; echo last >> sub/new.log',
      {
        logfiles,
      },
    ).outcome;
    expect(output('old').text).toBe('more\n');
    expect(output('new').text).toBe('first\nlast\n');
    expect(output('none').text).toBe('');
  });

  test('standard input is fetched, checked and read; a wrong one is never given to the program', async () => {
    const input = Buffer.alloc(700_000, 'input ');
    const stdin = { blob: 'p', size: input.length, sha256: createHash('sha256').update(input).digest('hex') };
    deps = { ...deps, fetchPiece: async ({ offset, length }) => input.subarray(offset, offset + length) };
    expect(await run('wc -c', { stdin }).outcome).toMatchObject({ code: 0 });
    expect(output().text.trim()).toBe('700000');
    const wrong = await run('touch ran', { stdin: { ...stdin, sha256: '0'.repeat(64) } }).outcome;
    expect(wrong).toMatchObject({
      status: 'failed',
      infrastructure: true,
      reason: expect.stringContaining('checksum'),
    });
    const short = await run('touch ran', { stdin: { ...stdin, size: 800_000 } }).outcome;
    expect(short).toMatchObject({
      status: 'failed',
      infrastructure: true,
      reason: expect.stringContaining('shorter'),
    });
    expect(existsSync(inBuild('ran'))).toBe(false);
  });
});

describe('what cannot be run', () => {
  test.each([
    [['no-such-program-here'], {}, "no such program: 'no-such-program-here'"],
    [['./missing'], {}, 'no such program: '],
    [['/etc/passwd'], {}, 'may not be executed'],
    [['true'], { workdir: 'file/below' }, 'ENOTDIR'],
    [['true'], { env: { 'A=B': 'x' } }, 'cannot be the name'],
    [['true', 'a\0b'], {}, 'NUL'],
  ])('%j %j fails and says why', async (command, input, reason) => {
    mkdirSync(inBuild(''), { recursive: true });
    writeFileSync(inBuild('file'), '');
    expect(await run(command, input).outcome).toMatchObject({
      status: 'failed',
      infrastructure: false,
      reason: expect.stringContaining(reason),
    });
  });
});

describe('how a command is ended', () => {
  test('when it says nothing for too long', async () => {
    const outcome = await run('echo begin; sleep 60', { timeoutMs: 300 }).outcome;
    expect(outcome).toMatchObject({ cause: 'timeout', signal: 'SIGTERM' });
    expect(output().text).toBe('begin\n');
  });

  test('not while it goes on talking, but when it takes too long in all', async () => {
    const outcome = await run('while :; do echo .; sleep 0.05; done', { timeoutMs: 1000, maxTimeMs: 1500 })
      .outcome;
    expect(outcome).toMatchObject({ cause: 'max-time' });
  });

  test('when it is stopped, and what it says at the end still counts', async () => {
    const running = run('trap "echo goodbye; exit 5" TERM; touch ready; while :; do sleep 0.05; done');
    await until('it is ready', () => existsSync(inBuild('ready')));
    running.end('stopped');
    expect(await running.outcome).toMatchObject({ cause: 'stopped', code: 5 });
    expect(output().text).toContain('goodbye\n');
  });

  test('before it has begun', async () => {
    const running = run('touch ran');
    running.end('stopped');
    expect(await running.outcome).toMatchObject({ status: 'exited', cause: 'stopped' });
  });
});

describe('nothing is left behind', () => {
  const sleeper = (prefix: string, file: string) =>
    `${prefix} sh -c 'echo $$ > ${file}.new; mv ${file}.new ${file}; exec sleep 1000'`;
  const shapes: [string, string][] = [
    ['a background process', sleeper('', 'pid')],
    [
      'one that ignores TERM',
      sleeper('', 'pid').replace('exec sleep 1000', 'trap "" TERM; while :; do sleep 1; done'),
    ],
    ['one in a session of its own', sleeper('setsid', 'pid')],
    ['one with an emptied environment', sleeper('env -i', 'pid')],
    [
      'one that forked twice, in a session of its own, with an emptied environment',
      `(setsid env -i ${sleeper('', 'pid')} &)`,
    ],
    ['one that lifted its limits', `ulimit -S -f unlimited; ${sleeper('setsid', 'pid')}`],
  ];

  test.each(shapes)(
    'rows 29 and 30: %s ends with its command, whoever holds the pipe',
    async (_name, script) => {
      const outcome = run(`${script} & while [ ! -e pid ]; do sleep 0.02; done`).outcome;
      const pid = await pidIn('pid');
      expect(await outcome).toMatchObject({
        status: 'exited',
        code: 0,
        cause: null,
        strays: expect.any(Number),
      });
      expect(isAlive(pid)).toBe(false);
    },
  );

  test.each(shapes)(
    'row 29: %s that let go of the pipe ends when the command is stopped',
    async (_name, script) => {
      const running = run(`(${script}) > /dev/null 2>&1 < /dev/null & while :; do sleep 1; done`);
      const pid = await pidIn('pid');
      running.end('stopped');
      expect(await running.outcome).toMatchObject({ cause: 'stopped' });
      expect(isAlive(pid)).toBe(false);
    },
  );

  test('row 30: a grandchild that goes on writing is heard for a while, then ended and counted', async () => {
    const outcome = await run('(for i in 1 2 3; do sleep 0.3; echo $i; done; exec sleep 1000) & echo main')
      .outcome;
    expect(outcome).toMatchObject({ code: 0, cause: null, strays: 1 });
    expect(output().text).toBe('main\n1\n2\n3\n');
  });

  test('what an earlier worker process left is found by its marks', async () => {
    run(`${shapes[4]?.[1]} & exec sleep 1000`);
    const pid = await pidIn('pid');
    expect(linux.leftovers(new Marks(root).worker)).toContain(pid);
    expect(linux.leftovers(new Marks(`${root}-other`).worker)).toEqual([]);
  });
});

test('the last words after a long silence are read, also where many commands end at once', async () => {
  let slept = 0;
  deps = { ...deps, clock: { ...systemClock, monotonic: () => performance.now() + slept } };
  const script = 'echo >> ../begun; while [ ! -e ../go ]; do sleep 0.05; done; seq 1 5000';
  const runs = Array.from({ length: 60 }, () => run(script, { output: 'capture', workdir: 'w' }));
  const begun = inBuild('begun');
  await until('all run', () => existsSync(begun) && readFileSync(begun).length === runs.length);
  slept = 3_600_000;
  writeFileSync(inBuild('go'), '');
  const outcomes = await Promise.all(runs.map(({ outcome }) => outcome));
  const said = Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join('');
  expect(outcomes.filter((outcome) => outcome.status !== 'exited' || outcome.text !== said)).toEqual([]);
});

test('a full spool stops the command and loses nothing', async () => {
  deps.spool.discard();
  deps = { ...deps, spool: new Spool({ folder: join(root, 'spool'), limitBytes: 400_000 }) };
  const bytes = 6_000_000;
  const running = run(`head -c ${bytes} /dev/urandom; touch through`, { timeoutMs: 500 });
  await until('the spool is full', () => !deps.spool.hasRoom);
  // Longer than the command may be silent: the silence is not its own.
  await delay(1000);
  expect(deps.spool.diskBytes).toBeLessThan(1_500_000);
  expect(existsSync(inBuild('through'))).toBe(false);
  const acking = setInterval(() => deps.spool.ack(deps.spool.lastSeq), 5);
  expect(await running.outcome).toMatchObject({ code: 0, cause: null });
  clearInterval(acking);
});
