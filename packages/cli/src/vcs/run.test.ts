import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { runVcs, runVcsOk, type VcsCommand } from './run.ts';

/** A little program stands in for a version control system. */
function program(script: string, more: Partial<VcsCommand> = {}): VcsCommand {
  return { program: process.execPath, args: ['-e', script], cwd: tmpdir(), env: {}, ...more };
}

test('output is bytes, and the exit status is handed back with what the program said', async () => {
  const script =
    'process.stdout.write(Buffer.from([0, 255, 10])); console.error("trouble"); process.exitCode = 3';
  const output = await runVcs(program(script));
  expect(output).toEqual({ status: 3, stdout: Buffer.from([0, 255, 10]), stderr: 'trouble' });
});

test('a program that fails is an error with its reason, not an empty answer', async () => {
  const failing = program('', { program: 'git', args: ['-c', 'a.b=c', 'diff', '--no-such-option'] });
  await expect(runVcsOk(failing)).rejects.toThrow(/^git diff: ended with exit status \d+: /);
});

test('input reaches the program, and one that does not read it is no trouble', async () => {
  const input = Buffer.alloc(1_000_000, 'x');
  const counted =
    'let n = 0; process.stdin.on("data", (d) => (n += d.length)).on("end", () => console.log(n))';
  expect((await runVcsOk(program(counted, { input }))).toString()).toBe('1000000\n');
  expect((await runVcs(program('process.exit(7)', { input }))).status).toBe(7);
});

test('a program that writes too much is ended', async () => {
  const endless = 'const write = () => process.stdout.write(Buffer.alloc(65536), write); write()';
  const output = await runVcs(program(endless, { maxBytes: 100_000 }));
  expect(output.status).toBeNull();
  expect(output.stdout.length).toBeGreaterThan(100_000);
  expect(output.stdout.length).toBeLessThan(1_000_000);
});

test('a program that a signal ended is an error', async () => {
  await expect(runVcs(program('process.kill(process.pid, "SIGTERM")'))).rejects.toThrow(
    /was ended by SIGTERM/,
  );
});

test('an abort ends the program and is told with its own reason', async () => {
  const controller = new AbortController();
  const running = runVcs(program('setInterval(() => {}, 1000)', { signal: controller.signal }));
  const reason = new Error('interrupted');
  controller.abort(reason);
  await expect(running).rejects.toBe(reason);
});

test('a program that is not installed is the user’s to put right', async () => {
  const missing = program('', { program: 'no-such-vcs' });
  await expect(runVcs(missing)).rejects.toMatchObject({
    name: 'UserError',
    message: /no-such-vcs is not installed/,
  });
});

test('a folder that is not there is not mistaken for a missing program', async () => {
  await expect(runVcs(program('', { cwd: '/no/such/folder' }))).rejects.toThrow(/could not be started in/);
});
