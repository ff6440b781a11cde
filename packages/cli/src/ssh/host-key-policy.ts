/**
 * Whether to go on with a host that presents a key: known passes, changed and revoked never do, and for an unknown
 * one `StrictHostKeyChecking` decides. `decideUnknown` is plain data; `checkHostKey` carries it out for one hop, before
 * any user name or key is shown to that hop.
 */

import { randomBytes } from 'node:crypto';
import { messageOf } from '@buildbot/shared';
import type { HostConfig, StrictHostKeyChecking } from './config.ts';
import { HostKeyError } from './errors.ts';
import type { SshInteraction } from './interaction.ts';
import {
  fingerprintOf,
  formatKnownHost,
  type HostKeyVerdict,
  judgeHostKey,
  type KnownHostsEntry,
  keyTypeOf,
  knownHostsNames,
} from './known-hosts.ts';
import { addKnownHost } from './known-hosts-files.ts';

const SALT_BYTES = 20;

export type UnknownHostDecision = 'accept' | 'accept-and-warn' | 'ask' | 'refuse';

/** What to do about a key that the files do not know. */
export function decideUnknown(
  verdict: Extract<HostKeyVerdict, { kind: 'unknown' }>,
  checking: StrictHostKeyChecking,
): UnknownHostDecision {
  if (checking === 'yes') return 'refuse';
  if (checking === 'ask') return 'ask';
  // A known host with a key of a new type is not "new": someone in between may offer just the type that is not listed.
  if (verdict.otherTypes.length > 0) return 'ask';
  return checking === 'no' ? 'accept-and-warn' : 'accept';
}

export interface HostKeyCheck {
  readonly host: HostConfig;
  readonly entries: readonly KnownHostsEntry[];
  readonly interaction: SshInteraction;
}

/** Returns if the connection may go on. @throws HostKeyError if not */
export async function checkHostKey(check: HostKeyCheck, key: Buffer): Promise<void> {
  const names = knownHostsNames(check.host);
  const verdict = judgeHostKey(check.entries, names, key);
  switch (verdict.kind) {
    case 'known':
      return;
    case 'revoked':
      throw revokedError(check.host, verdict.at, key);
    case 'changed':
      throw changedError(check.host, verdict.expected, key);
    case 'unknown':
      await admitUnknown(check, verdict, names[0] ?? check.host.hostname, key);
  }
}

async function admitUnknown(
  { host, interaction }: HostKeyCheck,
  verdict: Extract<HostKeyVerdict, { kind: 'unknown' }>,
  name: string,
  key: Buffer,
): Promise<void> {
  const decision = decideUnknown(verdict, host.strictHostKeyChecking);
  const fingerprint = fingerprintOf(key);
  const keyType = keyTypeOf(key) ?? 'unknown';
  const warnings = warningsAbout(verdict);
  if (decision === 'refuse' || (decision === 'ask' && !interaction.askHost)) {
    throw unknownError({ host, name, fingerprint, keyType, warnings });
  }
  if (decision === 'ask' && !(await interaction.askHost?.({ host: name, fingerprint, keyType, warnings }))) {
    throw new HostKeyError(`The key of ${name} was not accepted, nothing was sent`);
  }
  if (decision === 'accept-and-warn') {
    interaction.note(
      `Trusting the unknown host ${name} (${keyType} ${fingerprint}): StrictHostKeyChecking is off.`,
    );
  }
  await remember(host, name, key, interaction);
}

/** A host that cannot be noted down is asked about again next time; that is no reason to stop now. */
async function remember(
  host: HostConfig,
  name: string,
  key: Buffer,
  { note }: SshInteraction,
): Promise<void> {
  const [file] = host.userKnownHostsFiles;
  if (file === undefined || file === '/dev/null') return;
  const salt = host.hashKnownHosts ? randomBytes(SALT_BYTES) : undefined;
  try {
    await addKnownHost(file, formatKnownHost(name, key, salt));
    note(`Added ${name} (${keyTypeOf(key)}) to the known hosts in ${file}.`);
  } catch (error) {
    note(`${name} could not be added to the known hosts in ${file}: ${messageOf(error)}`);
  }
}

function warningsAbout({ otherTypes, authorities }: Extract<HostKeyVerdict, { kind: 'unknown' }>): string[] {
  return [
    ...otherTypes.map(
      ({ keyType, key, at }) =>
        `This host is known by another key, ${keyType} ${fingerprintOf(key)} (${at.file}:${at.line}).`,
    ),
    ...authorities.map(
      ({ at }) =>
        `${at.file}:${at.line} trusts a certificate authority for this host. Host certificates are not supported here; --ssh ssh checks them.`,
    ),
  ];
}

interface UnknownDetails {
  readonly host: HostConfig;
  readonly name: string;
  readonly fingerprint: string;
  readonly keyType: string;
  readonly warnings: readonly string[];
}

/** The command that makes the user's own ssh ask. */
function byHand({ alias, port }: HostConfig): string {
  return port === 22 ? `ssh ${alias}` : `ssh -p ${port} ${alias}`;
}

function unknownError({ host, name, fingerprint, keyType, warnings }: UnknownDetails): HostKeyError {
  const why =
    host.strictHostKeyChecking === 'yes' ? 'StrictHostKeyChecking is on' : 'nobody can be asked here';
  const message = [
    `${name} is not a known host, and ${why}. Its key is ${keyType} ${fingerprint}.`,
    ...warnings,
  ];
  return new HostKeyError(message.join('\n'), {
    hint: `If that fingerprint is right, run "${byHand(host)}" once by hand, or add the key to ${host.userKnownHostsFiles[0] ?? 'known_hosts'}.`,
  });
}

function changedError(host: HostConfig, expected: KnownHostsEntry, key: Buffer): HostKeyError {
  const { file, line } = expected.at;
  const message = [
    `The host key of ${host.hostname} has changed. Someone may be listening in, or the host was set up anew. Nothing was sent.`,
    `  expected  ${expected.keyType} ${fingerprintOf(expected.key)} (${file}:${line})`,
    `  received  ${keyTypeOf(key)} ${fingerprintOf(key)}`,
  ];
  return new HostKeyError(message.join('\n'), {
    hint: `Ask whoever runs the host. Only if the new key is right, remove line ${line} of ${file}.`,
  });
}

function revokedError(host: HostConfig, at: { file: string; line: number }, key: Buffer): HostKeyError {
  return new HostKeyError(
    `The host key of ${host.hostname}, ${keyTypeOf(key)} ${fingerprintOf(key)}, is revoked (${at.file}:${at.line}). Nothing was sent.`,
    { hint: 'Ask whoever runs the host for its new key.' },
  );
}
