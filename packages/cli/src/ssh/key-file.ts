/**
 * Private key files: what can be told of one without its passphrase, and the key itself once it must sign. The formats
 * are OpenSSH's own (PROTOCOL.key in its sources), whose public half is readable in an encrypted file too, and the
 * older PEM files, which need `FILE.pub` beside them if they are encrypted.
 */

import { readFile, stat } from 'node:fs/promises';
import { messageOf } from '@buildbot/shared';
import type { ParsedKey } from 'ssh2';
import type { Ssh2 } from './ssh2-lib.ts';

export interface KeyFile {
  readonly path: string;
  readonly publicKey: ParsedKey;
  /** Content of the private file; undefined if `path` is itself a public key, for a key that lives in the agent. */
  readonly privateData: Buffer | undefined;
  readonly isEncrypted: boolean;
}

/** Why a file that is there cannot be used, in words to show. */
export interface UnusableKeyFile {
  readonly path: string;
  readonly reason: string;
}

const MAGIC = 'openssh-key-v1\0';
const OTHERS_MAY_READ = 0o077;

/** Undefined if there is no such file, which is the rule for OpenSSH's default names. */
export async function readKeyFile(
  { parseKey }: Ssh2,
  path: string,
): Promise<KeyFile | UnusableKeyFile | undefined> {
  let data: Buffer;
  try {
    data = await readFile(path);
    if (data.includes('PRIVATE KEY-----') && (await isExposed(path))) {
      return { path, reason: 'other users may read it (chmod 600 puts that right)' };
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' || code === 'ENOTDIR' ? undefined : { path, reason: messageOf(error) };
  }
  const openSsh = readOpenSshKey(data);
  // The public half is enough to offer a key, and reading a private RSA key takes longer than all the rest.
  const parsed = parseKey(openSsh?.publicHalf ?? data);
  if (!(parsed instanceof Error)) {
    const isPrivate = openSsh !== undefined || parsed.isPrivateKey();
    const privateData = isPrivate ? data : undefined;
    return { path, publicKey: parsed, privateData, isEncrypted: openSsh?.isEncrypted ?? false };
  }
  const beside = parseKey(await readFile(`${path}.pub`).catch(() => Buffer.alloc(0)));
  if (beside instanceof Error) return { path, reason: parsed.message };
  return { path, publicKey: beside, privateData: data, isEncrypted: true };
}

/** OpenSSH refuses a key of yours that others could have read. */
async function isExposed(path: string): Promise<boolean> {
  const { uid, mode } = await stat(path);
  return uid === process.getuid?.() && (mode & OTHERS_MAY_READ) !== 0;
}

/** What OpenSSH's own private key format tells without a passphrase; undefined for any other format. */
function readOpenSshKey(data: Buffer): { publicHalf: Buffer; isEncrypted: boolean } | undefined {
  const armour = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(data.toString('latin1'));
  const body = Buffer.from(armour?.[1] ?? '', 'base64');
  if (body.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  // Cipher, key derivation and its options, each behind its length; a count; the first public key.
  let offset = MAGIC.length;
  const field = () => {
    const bytes = body.subarray(offset + 4, offset + 4 + lengthAt(body, offset));
    offset += 4 + bytes.length;
    return bytes;
  };
  const cipher = field();
  field();
  field();
  offset += 4;
  return { publicHalf: field(), isEncrypted: cipher.toString('latin1') !== 'none' };
}

/** A cut file reads as empty fields. */
function lengthAt(body: Buffer, offset: number): number {
  return offset + 4 <= body.length ? body.readUInt32BE(offset) : 0;
}
