/**
 * The `known_hosts` format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT) and what it says about a key that a host presents:
 * plain and hashed names, `[host]:port`, wildcards, negation, `@revoked` and `@cert-authority`, over several files.
 * Pure: files are read and written by `known-hosts-files.ts`.
 */

import { createHash, createHmac } from 'node:crypto';

/** A place to point the user to. Lines count from 1. */
export interface Location {
  readonly file: string;
  readonly line: number;
}

export interface KnownHostsEntry {
  readonly at: Location;
  /** `@cert-authority` says: certificates signed by this key are good. `@revoked` says: this key is never good. */
  readonly marker: 'cert-authority' | 'revoked' | undefined;
  /** As written: patterns separated by commas, or `|1|salt|hash`. */
  readonly hosts: string;
  readonly keyType: string;
  /** The key as it goes over the wire. */
  readonly key: Buffer;
}

export type HostKeyVerdict =
  | { readonly kind: 'known' }
  /** `otherTypes` and `authorities` are entries that name the host and say nothing about this key. */
  | {
      readonly kind: 'unknown';
      readonly otherTypes: readonly KnownHostsEntry[];
      readonly authorities: readonly KnownHostsEntry[];
    }
  | { readonly kind: 'changed'; readonly expected: KnownHostsEntry }
  | { readonly kind: 'revoked'; readonly at: Location };

/** Reads a file's text. Comments, blank lines and lines that make no sense are passed over, as OpenSSH does. */
export function parseKnownHosts(text: string, file: string): KnownHostsEntry[] {
  return text.split('\n').flatMap((line, index) => parseLine(line, { file, line: index + 1 }) ?? []);
}

function parseLine(text: string, at: Location): KnownHostsEntry | undefined {
  const words = text.trim().split(/\s+/);
  if (words[0]?.startsWith('#')) return undefined;
  const marker = words[0]?.startsWith('@') ? words.shift()?.slice(1) : undefined;
  if (marker !== undefined && marker !== 'cert-authority' && marker !== 'revoked') return undefined;
  const [hosts, keyType, base64] = words;
  if (hosts === undefined || keyType === undefined || base64 === undefined) return undefined;
  const key = Buffer.from(base64, 'base64');
  return keyTypeOf(key) === keyType ? { at, marker, hosts, keyType, key } : undefined;
}

/**
 * The type that a key names itself: its first field, with a four-byte length in front (RFC 4253, 6.6). Undefined if it
 * is no printable name (RFC 4251, 6), since a hostile server could send anything.
 */
export function keyTypeOf(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  const type = key.toString('latin1', 4, 4 + length);
  return type.length === length && /^[\x21-\x7e]+$/.test(type) ? type : undefined;
}

/** `SHA256:` and base64 without padding, as OpenSSH prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The names under which a host may be listed, the one for new entries first. */
export function knownHostsNames(host: {
  hostname: string;
  port: number;
  hostKeyAlias: string | undefined;
}): string[] {
  if (host.hostKeyAlias !== undefined) return [host.hostKeyAlias.toLowerCase()];
  const name = host.hostname.toLowerCase();
  // A plain entry vouches for other ports too, but a key that differs from it is merely another server's.
  return host.port === 22 ? [name] : [`[${name}]:${host.port}`, name];
}

/** What the entries say about `key`. `names` as `knownHostsNames` gives them. */
export function judgeHostKey(
  entries: readonly KnownHostsEntry[],
  names: readonly string[],
  key: Buffer,
): HostKeyVerdict {
  const verdicts = names.map((name) => judgeName(entries, name, key));
  const revoked = verdicts.find(({ kind }) => kind === 'revoked');
  const known = verdicts.find(({ kind }) => kind === 'known');
  const [first = { kind: 'unknown', otherTypes: [], authorities: [] }] = verdicts;
  return revoked ?? known ?? first;
}

function judgeName(entries: readonly KnownHostsEntry[], name: string, key: Buffer): HostKeyVerdict {
  const about = entriesFor(entries, name);
  const revoked = about.find((entry) => entry.marker === 'revoked' && entry.key.equals(key));
  if (revoked) return { kind: 'revoked', at: revoked.at };
  const plain = about.filter((entry) => entry.marker === undefined);
  if (plain.some((entry) => entry.key.equals(key))) return { kind: 'known' };
  const expected = plain.find((entry) => entry.keyType === keyTypeOf(key));
  if (expected) return { kind: 'changed', expected };
  return {
    kind: 'unknown',
    otherTypes: plain,
    authorities: about.filter((entry) => entry.marker === 'cert-authority'),
  };
}

/** The types of the keys already known, to be asked for first: a host known by one type must not look unknown. */
export function knownKeyTypes(entries: readonly KnownHostsEntry[], names: readonly string[]): string[] {
  for (const name of names) {
    const plain = entriesFor(entries, name).filter((entry) => entry.marker === undefined);
    if (plain.length > 0) return [...new Set(plain.map((entry) => entry.keyType))];
  }
  return [];
}

function entriesFor(entries: readonly KnownHostsEntry[], name: string): KnownHostsEntry[] {
  return entries.filter((entry) => isAbout(entry.hosts, name));
}

/** Whether the first field of a line names `name` (in lower case). One negated match outweighs all others. */
export function isAbout(hosts: string, name: string): boolean {
  if (hosts.startsWith('|1|')) return isHashOf(hosts, name);
  let isNamed = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!');
    if (!matchesPattern(isNegated ? pattern.slice(1) : pattern, name)) continue;
    if (isNegated) return false;
    isNamed = true;
  }
  return isNamed;
}

function isHashOf(hosts: string, name: string): boolean {
  const [, , salt, hash] = hosts.split('|');
  if (!salt || !hash) return false;
  return hashName(name, Buffer.from(salt, 'base64')) === hash;
}

function hashName(name: string, salt: Buffer): string {
  return createHmac('sha1', salt).update(name).digest('base64');
}

/**
 * `*` stands for any characters, `?` for one, all else for itself. Compared with one step back to the latest `*`,
 * which is enough for patterns and cannot explode as a regular expression made of `***…` would.
 */
function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let starred = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p;
      starred = n;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      p = star + 1;
      starred += 1;
      n = starred;
    } else {
      return false;
    }
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}

/** The line for a new host. With `salt` (20 random bytes) the name is hashed, as `HashKnownHosts` asks. */
export function formatKnownHost(name: string, key: Buffer, salt: Buffer | undefined): string {
  const hosts = salt === undefined ? name : `|1|${salt.toString('base64')}|${hashName(name, salt)}`;
  return `${hosts} ${keyTypeOf(key)} ${key.toString('base64')}`;
}
