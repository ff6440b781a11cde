/**
 * What people and their machines hand to the client: settings files that are none, strange arguments, a bare
 * environment. Each gets a result or a clear refusal, from the real program; no server is needed. The numbers are those
 * of the list of bad inputs.
 */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type Finished, program, type RunOptions, run } from '../support/processes.ts';
import { ptyScreen } from '../support/pty-screen.ts';

let dir: string;
let env: Record<string, string | undefined>;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'client-input-'));
  await mkdir(join(dir, 'tree', 'src'), { recursive: true });
  await mkdir(join(dir, 'home', '.config', 'buildbot'), { recursive: true });
  await chmod(dir, 0o755);
  env = { PATH: process.env.PATH, HOME: join(dir, 'home'), LANG: 'C.UTF-8' };
  return () => rm(dir, { recursive: true });
});

const dotBuildbot = (): string => join(dir, 'tree', '.buildbot');
const ownFile = (): string => join(dir, 'home', '.config', 'buildbot', 'config.yaml');

/** A try that sends nothing, from below the tree. */
function dryRun(args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
  const argv = program('cli', 'try', '--dryrun', '--json', '--diff', '/dev/null', ...args);
  return run(argv, { cwd: join(dir, 'tree', 'src'), env, ...options });
}

async function refusal(pattern: RegExp): Promise<void> {
  const { code, stderr } = await dryRun();
  expect(stderr).toMatch(pattern);
  expect([code, stderr.includes('bug')]).toEqual([2, false]);
}

describe.each([
  ['.buildbot of the tree', dotBuildbot],
  ["user's own file", ownFile],
])('the %s', (_, path) => {
  test('may begin with a byte order mark (36)', async () => {
    await writeFile(path(), '\ufeffbranch: marked\r\n');
    expect(JSON.parse((await dryRun()).stdout)).toMatchObject({ branch: 'marked' });
  });

  test.each([
    ['Latin-1', Buffer.from('comment: caf\xe9\n', 'latin1'), /is not UTF-8/],
    ['UTF-16', Buffer.from('\ufeffhost: h\n', 'utf16le'), /is not UTF-8|is UTF-16/],
    ['noise', Buffer.from(Array.from({ length: 999 }, (_, at) => (at * 7919) % 256)), /is not UTF-8/],
    ['NUL bytes', Buffer.alloc(100), /:1:1: /],
  ])('is refused as %s (37)', async (_kind, bytes, reason) => {
    await writeFile(path(), bytes);
    await refusal(reason);
  });

  test('of 1 GB is refused without being read (38)', async () => {
    await writeFile(path(), '');
    await truncate(path(), 1024 ** 3);
    await refusal(/larger than 1 MiB: not a settings file/);
  });

  test('is refused as a FIFO or a device, and nobody waits for it (39)', async () => {
    execFileSync('mkfifo', [path()]);
    await refusal(/is (?:neither a file nor a folder|not a file)/);
    await rm(path());
    await symlink('/dev/zero', path());
    await refusal(/is (?:neither a file nor a folder|not a file)/);
  });

  test('is refused when it must not be read (39)', async () => {
    await writeFile(path(), 'host: h\n', { mode: 0 });
    // Root may read anything.
    const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const { code, stderr } = await dryRun([], account);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/error: .* cannot be read/)]);
  });

  test('names place and nearest key for a misspelt one (40)', async () => {
    await writeFile(path(), '# ours\nhots: h\n');
    await refusal(/(?:\.buildbot|config\.yaml):2:1: unknown key 'hots'\n {2}Did you mean 'host'\?/);
  });

  test('is Python no more, and says how to write it now (42)', async () => {
    await writeFile(path(), 'try_host = "ci.example"\ntry_builders = ["a"]\n');
    await refusal(/is Python code.*\n.*'host: ci\.example'/);
  });

  test('is shown broken YAML in our words, with its place (42)', async () => {
    await writeFile(path(), 'host: h\nbuilders: [a, b\n');
    await refusal(/:3:1: a bracket is not closed.*\n {2}The YAML parser: /);
  });
});

test('a folder of that name is passed over unless it holds options; the own file must be one (39)', async () => {
  await mkdir(dotBuildbot());
  expect((await dryRun()).code).toBe(0);
  await writeFile(join(dotBuildbot(), 'options'), 'try_branch = "old"\n');
  expect(JSON.parse((await dryRun()).stdout)).toMatchObject({ branch: 'old' });
  await mkdir(ownFile());
  await refusal(/config\.yaml is not a file/);
});

test.each(['ssh: evil', 'try_ssh: evil', 'proxyCommand: evil', 'identity: /etc/shadow', 'sshConfig: ./evil'])(
  'what a source tree must not say is refused, whoever runs the command: %s (41)',
  async (line) => {
    await writeFile(dotBuildbot(), `${line}\n`);
    const { code, stderr } = await dryRun(['--ssh', 'mine']);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/\.buildbot:1:1: '.*' is refused: /)]);
  },
);

test.each([
  ['topdir: ~/src', /'~' and '\$' are not expanded/],
  ['topdir: $HOME/src', /'~' and '\$' are not expanded/],
  ['topdir: ../elsewhere', /must not leave the tree/],
  ['topdir: /etc', /must be relative/],
  ['jobdir: $(touch x)', /expected a path of letters/],
])('a path is taken as it is written or refused: %s (43)', async (line, reason) => {
  await writeFile(dotBuildbot(), `${line}\n`);
  await refusal(reason);
});

describe('arguments', () => {
  test.each([
    [['--builder='], /--builder must not be empty/],
    [['--builder', ''], /--builder must not be empty/],
    [['--bulider', 'x'], /no flag --bulider\nDid you mean --builder\?/],
    [['--', '*.c'], /cannot go with --diff/],
    [['-'], /cannot go with --diff/],
  ])('%j is refused (83)', async (args, reason) => {
    const { code, stderr } = await dryRun(args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
  });

  test('of 100 KB, globs and @file travel as they are (83)', async () => {
    const long = 'x'.repeat(100_000);
    const { code, stdout } = await dryRun(['--comment', long, '-b', '*', '--property', 'file=@/etc/passwd']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ builders: ['*'], properties: { file: '@/etc/passwd' } });
    expect(JSON.parse(stdout).jobBytes).toBeGreaterThan(100_000);
  });

  test('that are no UTF-8 do no harm (83)', async () => {
    const words = program('cli', 'try', '--dryrun', '--diff', '/dev/null').map((word) => `'${word}'`);
    const command = `exec ${words.join(' ')} -b "$(printf 'a\\377\\033[2Jb')"`;
    const { code, stdout, stderr } = await run(['sh', '-c', command], { cwd: dir, env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('\x1b');
  });
});

describe('the process', () => {
  test.each([
    ['no HOME', { HOME: undefined }],
    ['no TERM', { TERM: undefined }],
    ['TERM=dumb', { TERM: 'dumb' }],
    ['locale C', { LANG: 'C', LC_ALL: 'C' }],
    ['an unknown locale', { LC_ALL: 'xx_YY.nope' }],
    ['NO_COLOR', { NO_COLOR: '1' }],
    ['nothing but a PATH', { HOME: undefined, LANG: undefined }],
  ])('works with %s (84, 85)', async (_, change) => {
    const { code, stdout, stderr } = await dryRun([], { env: { ...env, ...change } });
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ schema: 'buildbot.try.dryrun/1' });
  });

  test.each(['completion bash', '--help', 'try --help', 'nonsense'])(
    'ends quietly when nobody reads what it says: %s (84)',
    async (words) => {
      const command = program('cli', ...words.split(' ')).map((word) => `'${word}'`);
      const shell = ['bash', '-c', `set -o pipefail; ${command.join(' ')} | true; echo "\${PIPESTATUS[0]}"`];
      const piped = await run(shell, { cwd: dir, env });
      expect(piped.stderr).not.toMatch(/EPIPE|at .*\.js/);
      expect(piped.stdout.trim()).toBe(words === 'nonsense' ? '2' : '0');
      const closed = await run(['bash', '-c', `${command.join(' ')} >&- 2>&- <&-`], { cwd: dir, env });
      expect(closed.code).toBe(words === 'nonsense' ? 2 : 0);
    },
  );

  test('refuses a closed standard input as an empty diff, and does not wait for it (84)', async () => {
    const words = program('cli', 'try', '--dryrun', '--json', '--diff', '-').map((word) => `'${word}'`);
    const { code, stdout } = await run(['bash', '-c', `${words.join(' ')} <&-`], { cwd: dir, env });
    expect([code, JSON.parse(stdout).error.message]).toEqual([2, 'the diff is empty']);
  });

  test('says what is wrong in a terminal of one column, too (84)', async () => {
    const screen = ptyScreen(program('cli', 'watch', '--api', 'unix:/nowhere/master.sock'), {
      cwd: dir,
      env,
      columns: 1,
      rows: 5,
    });
    onTestFinished(() => screen.kill('SIGKILL'));
    expect(await screen.exited).toBe(4);
    expect(screen.bytes()).toContain('ENOENT');
  });
});
