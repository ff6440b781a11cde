/** A token of the user's, from a file that is theirs alone: never an argument, which everybody on the machine can see. */
import { readFile, stat } from 'node:fs/promises';
import { messageOf, UserError } from '@buildbot/shared';
import type { ApiAddress } from './api-address.ts';

/** Far more than a token has. */
const MAX_BYTES = 4096;

function isSafe(address: ApiAddress): boolean {
  if ('unix' in address || address.url.protocol === 'https:') return true;
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(address.url.hostname);
}

async function read(path: string): Promise<{ text: string; mode: number }> {
  try {
    const { mode, size } = await stat(path);
    if (size > MAX_BYTES) return { text: '', mode };
    return { text: (await readFile(path, 'utf8')).trim(), mode };
  } catch (cause) {
    throw new UserError(`cannot read the token: ${messageOf(cause)}`, { cause, exitCode: 5 });
  }
}

/** @throws UserError when there is none, when others can read it, or when it would travel for everybody to see. */
export async function readToken(path: string, address: ApiAddress): Promise<string> {
  if (!isSafe(address)) {
    throw new UserError('the token is not sent: without TLS everybody on the way could take it', {
      hint: 'Use https://… or SSH.',
      exitCode: 5,
    });
  }
  const { text, mode } = await read(path);
  if ((mode & 0o077) !== 0)
    throw new UserError(`${path} can be read by others`, { hint: `chmod 600 ${path}`, exitCode: 5 });
  if (!/^[\x21-\x7e]+$/.test(text))
    throw new UserError(`${path} holds no token: expected one line`, { exitCode: 5 });
  return text;
}
