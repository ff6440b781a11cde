/** Reads the `known_hosts` files of a host and adds to the user's first one. */

import { appendFile, mkdir, open, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '@buildbot/shared';
import { type KnownHostsEntry, parseKnownHosts } from './known-hosts.ts';

/** All entries, in the order of the files. A file that does not exist has none. @throws UserError if one cannot be read */
export async function readKnownHosts(files: readonly string[]): Promise<KnownHostsEntry[]> {
  const perFile = await Promise.all(
    files.map(async (file) => parseKnownHosts(await readIfThere(file), file)),
  );
  return perFile.flat();
}

/** An unreadable file may hold a revocation, so going on without it would be wrong. */
async function readIfThere(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw new UserError(`The known hosts in ${file} cannot be read: ${message}`, { cause: error });
  }
}

/** Appends a line, making the file (0600) and its folder (0700) if need be. */
export async function addKnownHost(file: string, line: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const gap = (await endsInsideLine(file)) ? '\n' : '';
  // One write in append mode: two clients that learn a host at the same time do not mix their lines.
  await appendFile(file, `${gap}${line}\n`, { mode: 0o600 });
}

/** An edited file may lack its last newline, and two joined lines would both be lost. */
async function endsInsideLine(file: string): Promise<boolean> {
  const handle = await open(file, 'r').catch(() => undefined);
  if (!handle) return false;
  try {
    const { size } = await handle.stat();
    if (size === 0) return false;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
    return bytesRead === 1 && buffer[0] !== 0x0a;
  } finally {
    await handle.close();
  }
}
