import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { zstdDecompressSync } from 'node:zlib';
import { decodeFrame } from '@buildbot/shared';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Spool } from '../spool/spool.ts';
import { type ExecWorld, makeExecWorld, until } from './testing/exec-world.ts';

let world: ExecWorld;

beforeEach(() => {
  world = makeExecWorld();
});

afterEach(() => world.remove());

describe('what a command gets and gives', () => {
  test('output of both streams arrives in order, with the exit code', async () => {
    const outcome = await world.run('echo one; sleep 0.1; echo two >&2; sleep 0.1; printf three; exit 3')
      .outcome;
    expect(outcome).toMatchObject({ status: 'exited', code: 3, signal: null, cause: null, strays: 0 });
    expect(world.output()).toEqual({ text: 'one\ntwo\nthree', runs: 'oeo' });
  });

  test('an argument vector is passed on as it is, whatever it holds', async () => {
    await world.run(['printf', '%s|', 'a b', '$HOME', '"; exit 9; "', '*', '']).outcome;
    expect(world.output().text).toBe('a b|$HOME|"; exit 9; "|*||');
  });

  test('the environment is clean: what is listed, what the command sets, and its mark', async () => {
    await world.run(['/usr/bin/env'], { env: { CI: 'true' } }).outcome;
    const names = world
      .output()
      .text.split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.filter((name) => !['', 'PWD', 'OLDPWD', 'SHLVL', '_'].includes(name ?? '')).sort()).toEqual([
      'BUILDBOT_COMMAND_MARK',
      'CI',
      'PATH',
    ]);
  });

  test('a script may write to /dev/stderr and /dev/stdout', async () => {
    expect(await world.run('echo x > /dev/stderr && echo y > /dev/stdout').outcome).toMatchObject({
      code: 0,
    });
    expect(world.output().runs).toMatch(/[oe]{2}/);
  });

  test('a signal that ends the program is named', async () => {
    expect(await world.run('kill -SEGV $$').outcome).toMatchObject({
      status: 'exited',
      code: null,
      signal: 'SIGSEGV',
    });
  });

  test('captured output comes back in the outcome and not in a log', async () => {
    expect(await world.run('echo out; echo err >&2', { output: 'capture' }).outcome).toMatchObject({
      text: 'out\n',
    });
    expect(world.output().text).toBe('');
  });

  test('capturing keeps one mebibyte of what may be much more', async () => {
    const outcome = await world.run('head -c 3000000 /dev/zero', { output: 'capture' }).outcome;
    expect(outcome.status === 'exited' ? outcome.text?.length : outcome).toBe(1024 * 1024);
  });

  test('a line of 100 MB with NULs passes whole and in little memory', async () => {
    const size = 100_000_000;
    const running = world.run(`head -c ${size} /dev/zero`);
    const hash = createHash('sha256');
    let bytes = 0;
    const drain = async () => {
      for (let seq = 0; ; ) {
        const message = world.deps.spool.after(seq);
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
        world.deps.spool.ack(++seq);
      }
    };
    await Promise.all([running.outcome, drain()]);
    const expected = createHash('sha256');
    for (let left = size; left > 0; left -= 1_000_000) expected.update(Buffer.alloc(1_000_000));
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
  });

  test('followed files are logs of their own, from where the command began to write', async () => {
    mkdirSync(world.inBuild(''), { recursive: true });
    writeFileSync(world.inBuild('old.log'), 'from an earlier build\n');
    const logfiles = [
      { log: 'old', path: 'old.log' },
      { log: 'new', path: 'sub/new.log' },
      { log: 'none', path: 'never.log' },
    ];
    await world.run(
      'echo more >> old.log; mkdir sub; echo first > sub/new.log; sleep 0.7; echo last >> sub/new.log',
      {
        logfiles,
      },
    ).outcome;
    expect(world.output('old').text).toBe('more\n');
    expect(world.output('new').text).toBe('first\nlast\n');
    expect(world.output('none').text).toBe('');
  });

  test('standard input is fetched, checked and read; a wrong one is never given to the program', async () => {
    const input = Buffer.alloc(700_000, 'input ');
    const stdin = { blob: 'p', size: input.length, sha256: createHash('sha256').update(input).digest('hex') };
    world.deps = {
      ...world.deps,
      fetchPiece: async ({ offset, length }) => input.subarray(offset, offset + length),
    };
    expect(await world.run('wc -c', { stdin }).outcome).toMatchObject({ code: 0 });
    expect(world.output().text.trim()).toBe('700000');
    const wrong = await world.run('touch ran', { stdin: { ...stdin, sha256: '0'.repeat(64) } }).outcome;
    expect(wrong).toMatchObject({
      status: 'failed',
      infrastructure: true,
      reason: expect.stringContaining('checksum'),
    });
    const short = await world.run('touch ran', { stdin: { ...stdin, size: 800_000 } }).outcome;
    expect(short).toMatchObject({
      status: 'failed',
      infrastructure: true,
      reason: expect.stringContaining('shorter'),
    });
    expect(existsSync(world.inBuild('ran'))).toBe(false);
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
    mkdirSync(world.inBuild(''), { recursive: true });
    writeFileSync(world.inBuild('file'), '');
    expect(await world.run(command, input).outcome).toMatchObject({
      status: 'failed',
      infrastructure: false,
      reason: expect.stringContaining(reason),
    });
  });
});

describe('how a command is ended', () => {
  test('when it says nothing for too long', async () => {
    const outcome = await world.run('echo begin; sleep 60', { timeoutMs: 300 }).outcome;
    expect(outcome).toMatchObject({ cause: 'timeout', signal: 'SIGTERM' });
    expect(world.output().text).toBe('begin\n');
  });

  test('not while it goes on talking, but when it takes too long in all', async () => {
    const outcome = await world.run('while :; do echo .; sleep 0.05; done', {
      timeoutMs: 1000,
      maxTimeMs: 1500,
    }).outcome;
    expect(outcome).toMatchObject({ cause: 'max-time' });
  });

  test('when it is stopped, and what it says at the end still counts', async () => {
    const running = world.run('trap "echo goodbye; exit 5" TERM; touch ready; while :; do sleep 0.05; done');
    await until('it is ready', () => existsSync(world.inBuild('ready')));
    running.end('stopped');
    expect(await running.outcome).toMatchObject({ cause: 'stopped', code: 5 });
    expect(world.output().text).toContain('goodbye\n');
  });

  test('before it has begun', async () => {
    const running = world.run('touch ran');
    running.end('stopped');
    expect(await running.outcome).toMatchObject({ status: 'exited', cause: 'stopped' });
  });
});

test('a full spool stops the command and loses nothing', async () => {
  world.deps.spool.discard();
  world.deps = {
    ...world.deps,
    spool: new Spool({ folder: join(world.root, 'spool'), limitBytes: 400_000 }),
  };
  const bytes = 6_000_000;
  const running = world.run(`head -c ${bytes} /dev/urandom; touch through`, { timeoutMs: 500 });
  await until('the spool is full', () => !world.deps.spool.hasRoom);
  // Longer than the command may be silent: the silence is not its own.
  await delay(1000);
  expect(world.deps.spool.diskBytes).toBeLessThan(1_500_000);
  expect(existsSync(world.inBuild('through'))).toBe(false);
  const acking = setInterval(() => world.deps.spool.ack(world.deps.spool.lastSeq), 5);
  expect(await running.outcome).toMatchObject({ code: 0, cause: null });
  clearInterval(acking);
});

test('a command that has ended says so, with its last words, though the spool has no room and nobody makes some', async () => {
  world.deps.spool.discard();
  const spool = new Spool({ folder: join(world.root, 'spool'), limitBytes: 1000 });
  world.deps = { ...world.deps, spool };
  while (spool.hasRoom) spool.append(false, () => Buffer.alloc(100));
  const outcome = await world.run('head -c 60000 /dev/zero; echo last words >&2; exit 3').outcome;
  expect(outcome).toMatchObject({ code: 3, cause: null });
  expect(world.output().text).toHaveLength(60_000 + 'last words\n'.length);
});
