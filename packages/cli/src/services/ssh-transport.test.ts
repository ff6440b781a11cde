import { describe, expect, it } from 'vitest';
import { failureOf } from '../failure.ts';
import { testTerminal, until } from '../ui/testing/terminal.ts';
import { interactionOf } from './ssh-transport.ts';
import { testRuntime } from './testing/test-runtime.ts';

const HOST = { host: 'ci', fingerprint: 'SHA256:abc', keyType: 'ssh-ed25519', warnings: [] };

/** The question about a host at a terminal where `keys` are typed. */
async function asked(keys: string) {
  const terminal = testTerminal(80, 10);
  const { stdin, stdout: stderr } = terminal;
  const { runtime } = testRuntime('/nowhere');
  const { askHost } = interactionOf({ ...runtime, stdin, stderr, isInteractive: true });
  const answer = askHost?.(HOST) ?? Promise.reject(new Error('nobody was asked'));
  answer.catch(() => {});
  await until(() => terminal.bytes().includes('(yes/no)?'), terminal.bytes);
  terminal.type(keys);
  const rows = async () => (await terminal.screen()).map((row) => row.trimEnd()).filter((row) => row !== '');
  return { answer, rows, drawNext: () => void stderr.write('\r\u001b[Knext') };
}

describe('the question about an unknown host', () => {
  it.each([
    ['yes\r', true],
    [' YES \r', true],
    ['no\r', false],
    ['y\r', false],
    ['\r', false],
    ['\x04', false],
  ])('is answered by %j with %j', async (keys, isTrusted) => {
    expect(await (await asked(keys)).answer).toBe(isTrusted);
  });

  it('is left with Ctrl-C, which is no bug and sends nothing', async () => {
    const { answer } = await asked('\x03');
    const failure = failureOf(await answer.catch((error: unknown) => error));
    expect(failure).toMatchObject({ exitCode: 130, message: 'interrupted, nothing was sent', isBug: false });
  });

  it.each(['\x03', '\x04', 'no\r'])('is not rubbed out by what is drawn after %j', async (keys) => {
    const { answer, rows, drawNext } = await asked(keys);
    await answer.catch(() => {});
    drawNext();
    expect(await rows()).toEqual([
      'The host ci is not known.',
      'Its ssh-ed25519 key is SHA256:abc',
      expect.stringMatching(/^Trust it and remember it \(yes\/no\)\?( no)?$/),
      'next',
    ]);
  });
});
