/**
 * One hop of the way: an SSH handshake over a given stream, in which the host proves who it is, then we do. Nothing
 * here knows whether the stream is a TCP connection or a channel through an earlier hop, so every hop is verified alike.
 */

import type { Duplex } from 'node:stream';
import type { Client, ConnectConfig } from 'ssh2';
import { hostKeyAlgorithms } from './algorithms.ts';
import { type Authentication, authenticateWith } from './auth.ts';
import type { HostConfig } from './config.ts';
import { explainConnectError, hungUp, placeOf, timedOut } from './connect-errors.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { checkHostKey } from './host-key-policy.ts';
import { collectIdentities, type Identities } from './identities.ts';
import type { SshInteraction } from './interaction.ts';
import { type KnownHostsEntry, knownHostsNames, knownKeyTypes } from './known-hosts.ts';
import { readKnownHosts } from './known-hosts-files.ts';
import type { Ssh2 } from './ssh2-lib.ts';

const CONNECT_TIMEOUT_MS = 20_000;
const KEEPALIVE_MS = 15_000;

/** A host about to be connected to. */
export interface Hop {
  readonly host: HostConfig;
  /** For reaching the host and getting in. Not running yet. */
  readonly deadline: Deadline;
  /** Known hosts, key files and the agent's list, being read. */
  readonly material: Promise<HopMaterial>;
  /** Its questions stop the deadline. */
  readonly interaction: SshInteraction;
}

interface HopMaterial {
  readonly ssh2: Ssh2;
  readonly entries: readonly KnownHostsEntry[];
  readonly identities: Identities;
}

/** Starts to read all that is needed before the host has said a word. `loading` need not be done. */
export function prepareHop(loading: Promise<Ssh2>, host: HostConfig, interaction: SshInteraction): Hop {
  const limitMs = host.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  const deadline = createDeadline(limitMs, () => timedOut(host, limitMs));
  const patient = pausing(interaction, deadline);
  const material = readMaterial(loading, host, patient);
  // Whoever connects learns of a failure; a hop that is never reached must not fail unheard.
  material.catch(() => {});
  return { host, deadline, material, interaction: patient };
}

async function readMaterial(
  loading: Promise<Ssh2>,
  host: HostConfig,
  interaction: SshInteraction,
): Promise<HopMaterial> {
  const [ssh2, entries, identities] = await Promise.all([
    loading,
    readKnownHosts([...host.userKnownHostsFiles, ...host.globalKnownHostsFiles]),
    loading.then((ssh2) => collectIdentities({ ssh2, host, interaction })),
  ]);
  return { ssh2, entries, identities };
}

/** How often an answer is asked for to see whether the host is still there. */
export function keepaliveOf(host: HostConfig): number {
  return host.keepaliveIntervalMs || KEEPALIVE_MS;
}

/** @throws HostKeyError, NotLetInError, UserError, ExternalError; the stream is left to the caller */
export async function shakeHands(hop: Hop, stream: Duplex): Promise<Client> {
  const { host, deadline } = hop;
  // It may break while files are read, when ssh2 does not listen yet.
  stream.on('error', () => {});
  const { ssh2, entries, identities } = await deadline.race(hop.material);
  if (!stream.readable) throw stream.errored ? explainConnectError(host, stream.errored) : hungUp(host);
  const client = new ssh2.Client();
  const auth = authenticateWith(ssh2, host.user, placeOf(host), identities);
  const ready = Promise.withResolvers<void>();
  client.once('ready', ready.resolve);
  client.once('close', () => ready.reject(hungUp(host)));
  client.on('error', (error) => rejectWith(ready.reject, host, auth, error));
  client.connect({
    ...connectOptions(host, entries),
    sock: stream as NonNullable<ConnectConfig['sock']>,
    hostVerifier: verifier(hop, entries, ready.reject),
    authHandler: auth.handler,
  });
  try {
    await deadline.race(ready.promise);
    return client;
  } catch (error) {
    client.end();
    throw error;
  }
}

function connectOptions(host: HostConfig, entries: readonly KnownHostsEntry[]): ConnectConfig {
  const knownTypes = knownKeyTypes(entries, knownHostsNames(host));
  return {
    username: host.user,
    algorithms: { serverHostKey: hostKeyAlgorithms(host.hostKeyAlgorithms, knownTypes) },
    // Our own deadline counts, which stands still while the user is asked.
    readyTimeout: 0,
    keepaliveInterval: keepaliveOf(host),
    // ssh2 would count unanswered pings, and those wait behind a large upload on a slow line. Silence is what ends a
    // connection (`watchSilence`).
    keepaliveCountMax: Number.MAX_SAFE_INTEGER,
  };
}

/** Our reason must come first: ssh2 then only says "verification failed". */
function verifier(hop: Hop, entries: readonly KnownHostsEntry[], reject: (error: unknown) => void) {
  return (key: Buffer, verify: (isTrusted: boolean) => void): void => {
    checkHostKey({ host: hop.host, entries, interaction: hop.interaction }, key).then(
      () => verify(true),
      (error: unknown) => {
        reject(error);
        verify(false);
      },
    );
  };
}

function rejectWith(
  reject: (error: Error) => void,
  host: HostConfig,
  auth: Authentication,
  error: Error & { level?: string },
): void {
  // A key that could not sign; ssh2 goes on with the next one.
  if (error.level === 'agent') return;
  reject(error.level === 'client-authentication' ? auth.failure(error) : explainConnectError(host, error));
}

/** The same questions, with the deadline standing still while they are open. */
function pausing(interaction: SshInteraction, deadline: Deadline): SshInteraction {
  const { askHost, askPassphrase } = interaction;
  return {
    ...interaction,
    ...(askHost && { askHost: (host) => deadline.pauseDuring(() => askHost(host)) }),
    ...(askPassphrase && { askPassphrase: (file) => deadline.pauseDuring(() => askPassphrase(file)) }),
  };
}
