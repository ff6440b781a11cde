import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type AlertCommand, runAlertCommand } from './alert-command.ts';

const NEVER = new AbortController().signal;

async function command(...argv: string[]): Promise<AlertCommand> {
  const cwd = await mkdtemp(join(tmpdir(), 'alert-'));
  onTestFinished(() => rm(cwd, { recursive: true }));
  return { argv, cwd, timeoutMs: 10_000, env: { PATH: '/usr/bin:/bin' } };
}

test('gives the alert on standard input, and the arguments as they are', async () => {
  const given = await command('sh', '-c', 'cat > got; printf "%s" "$1" > argument', 'sh', '$(touch evil) *');
  expect(await runAlertCommand(given, '{"alert":1}\n', NEVER)).toBeNull();
  expect(await readFile(join(given.cwd, 'got'), 'utf8')).toBe('{"alert":1}\n');
  expect(await readFile(join(given.cwd, 'argument'), 'utf8')).toBe('$(touch evil) *');
});

test('says why it failed, in the words of the command', async () => {
  const failing = await command('sh', '-c', 'echo no route to pager >&2; exit 7');
  expect(await runAlertCommand(failing, '{}', NEVER)).toBe('it ended with exit code 7: no route to pager');
  expect(await runAlertCommand(await command('/no/such/program'), '{}', NEVER)).toContain('ENOENT');
});

test('ends a command that takes too long, with all that it started', async () => {
  const slow = { ...(await command('sh', '-c', 'sleep 600 & sleep 600')), timeoutMs: 50 };
  expect(await runAlertCommand(slow, '{}', NEVER)).toBe('not done after 0.05 s');
});

test('ends at once when the master stops', async () => {
  const stopping = new AbortController();
  const running = runAlertCommand(await command('sleep', '600'), '{}', stopping.signal);
  stopping.abort();
  expect(await running).toBe('the master is stopping');
});

test('a command that does not read its input is no failure', async () => {
  expect(await runAlertCommand(await command('true'), 'x'.repeat(1_000_000), NEVER)).toBeNull();
});
