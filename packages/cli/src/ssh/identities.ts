/**
 * Which keys are offered, and in which order: as in OpenSSH, first keys of the agent that the configuration names, then
 * the agent's others (unless `IdentitiesOnly`), then key files the agent does not hold. A file is decrypted, and a
 * passphrase asked for, only when the server has said that it would accept that key.
 */

import { ExternalError, messageOf } from '@buildbot/shared';
import type { OpenSSHAgent, ParsedKey } from 'ssh2';
import type { HostConfig } from './config.ts';
import type { SshInteraction } from './interaction.ts';
import { type KeyFile, readKeyFile, type UnusableKeyFile } from './key-file.ts';
import type { Ssh2 } from './ssh2-lib.ts';

const PASSPHRASE_ATTEMPTS = 3;
const AGENT_ANSWERS_WITHIN_MS = 3000;

/** One key to offer. */
export interface Identity {
  readonly publicKey: ParsedKey;
  /** For messages: the file, or the agent and the key's comment. */
  readonly label: string;
  /** Signs with the hash that goes with the algorithm agreed on (RSA only). Rejects if the key cannot be had. */
  sign(data: Buffer, hash: string | undefined): Promise<Buffer>;
}

export interface Identities {
  readonly offered: readonly Identity[];
  /** Keys that were found and cannot be used, with the reason, for the message if nothing else is accepted. */
  readonly skipped: readonly string[];
}

export interface IdentitiesDeps {
  readonly ssh2: Ssh2;
  readonly host: HostConfig;
  readonly interaction: SshInteraction;
}

export async function collectIdentities(deps: IdentitiesDeps): Promise<Identities> {
  const { ssh2, host } = deps;
  const [agent, files] = await Promise.all([
    askAgent(deps),
    Promise.all(host.identityFiles.map((path) => readKeyFile(ssh2, path))),
  ]);
  const usable = files.filter((file) => file !== undefined).filter((file) => 'publicKey' in file);
  const unusable = files.filter((file) => file !== undefined).filter((file) => 'reason' in file);
  for (const file of unusable) deps.interaction.note(`Skipping the key ${describeUnusable(file)}.`);
  const ordered = orderKeys(agent.keys, usable, host.identitiesOnly);
  const canAsk = deps.interaction.askPassphrase !== undefined;
  const signable = ordered.files.filter((file) => file.privateData !== undefined);
  const locked = signable.filter((file) => file.isEncrypted && !canAsk);
  return {
    offered: [
      ...ordered.agentKeys.map((key) => agentIdentity(agent, key)),
      ...signable.filter((file) => !locked.includes(file)).map((file) => fileIdentity(deps, file)),
    ],
    skipped: [
      ...agent.skipped,
      ...unusable.map(describeUnusable),
      ...locked.map((file) => `${file.path}: it is encrypted, and nobody can be asked for its passphrase`),
    ],
  };
}

interface HasPublicKey {
  readonly publicKey: { getPublicSSH(): Buffer };
}

/** Pure: puts agent keys and files into OpenSSH's order and leaves out what may not be offered. */
export function orderKeys<Key extends { getPublicSSH(): Buffer }, File extends HasPublicKey>(
  agentKeys: readonly Key[],
  files: readonly File[],
  identitiesOnly: boolean,
): { agentKeys: Key[]; files: File[] } {
  const same = (key: Key, file: File) => key.getPublicSSH().equals(file.publicKey.getPublicSSH());
  const named = agentKeys.filter((key) => files.some((file) => same(key, file)));
  const others = identitiesOnly ? [] : agentKeys.filter((key) => !named.includes(key));
  return {
    agentKeys: [...named, ...others],
    files: files.filter((file) => !agentKeys.some((key) => same(key, file))),
  };
}

interface AgentKeys {
  readonly agent: OpenSSHAgent | undefined;
  readonly keys: readonly ParsedKey[];
  readonly skipped: readonly string[];
}

/** An agent that is gone or hangs (the forwarded one of an old login) must not keep the key files from being tried. */
async function askAgent({ ssh2, host }: IdentitiesDeps): Promise<AgentKeys> {
  if (host.identityAgent === null) return { agent: undefined, keys: [], skipped: [] };
  const agent = ssh2.createAgent(host.identityAgent);
  const { promise, resolve } = Promise.withResolvers<AgentKeys>();
  const without = (why: string) =>
    resolve({ agent, keys: [], skipped: [`the agent at ${host.identityAgent}: ${why}`] });
  const timer = setTimeout(() => without('it does not answer'), AGENT_ANSWERS_WITHIN_MS);
  agent.getIdentities((error, keys) => {
    clearTimeout(timer);
    if (error) return without(messageOf(error));
    // ssh2's own agent gives parsed keys, and leaves out those of types that it cannot use.
    resolve({ agent, keys: (keys ?? []) as ParsedKey[], skipped: [] });
  });
  return promise;
}

function agentIdentity({ agent }: AgentKeys, publicKey: ParsedKey): Identity {
  return {
    publicKey,
    label: `${publicKey.comment || publicKey.type} (agent)`,
    sign(data, hash) {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
      // ssh2's types know no hash here, its agent does: without it RSA keys sign with SHA-1.
      const options = hash === undefined ? {} : { hash: hash as 'sha256' | 'sha512' };
      agent?.sign(publicKey, data, options, (error, signature) => {
        if (signature) resolve(signature as Buffer);
        else reject(error ?? new ExternalError('ssh-agent', 'gave no signature'));
      });
      return promise;
    },
  };
}

function fileIdentity(deps: IdentitiesDeps, file: KeyFile): Identity {
  return {
    publicKey: file.publicKey,
    label: file.path,
    async sign(data, hash) {
      const key = await unlock(deps, file);
      const signature: Buffer | Error = key.sign(data, hash);
      if (signature instanceof Error) throw signature;
      return signature;
    },
  };
}

async function unlock({ ssh2, interaction }: IdentitiesDeps, file: KeyFile): Promise<ParsedKey> {
  const data = file.privateData ?? Buffer.alloc(0);
  if (!file.isEncrypted) return keyOrThrow(ssh2.parseKey(data));
  for (let attempt = 1; attempt <= PASSPHRASE_ATTEMPTS; attempt += 1) {
    const passphrase = await interaction.askPassphrase?.(file.path);
    if (passphrase === undefined || passphrase === null) break;
    const key = ssh2.parseKey(data, passphrase);
    if (!(key instanceof Error)) return key;
    interaction.note(`That is not the passphrase of ${file.path}.`);
  }
  throw new ExternalError(file.path, 'stays locked');
}

function keyOrThrow(key: ParsedKey | Error): ParsedKey {
  if (key instanceof Error) throw key;
  return key;
}

function describeUnusable({ path, reason }: UnusableKeyFile): string {
  return `${path}: ${reason}`;
}
