/**
 * The default transport: ssh2 in this process. It does what the user's own `ssh` would: same configuration, same
 * known hosts, same keys in the same order, same jump hosts. Whatever can be done side by side is: ssh2 loads while
 * `ssh -G` runs, and known hosts, key files and the agent are read while the connection opens.
 */

import type { Duplex } from 'node:stream';
import { ExternalError } from '@buildbot/shared';
import type { HostConfig, LocalFacts } from './config.ts';
import { placeOf } from './connect-errors.ts';
import { type Hop, prepareHop, shakeHands } from './hop.ts';
import type { SshInteraction } from './interaction.ts';
import type { SshConnection, SshTarget, SshTransport } from './port.ts';
import { openStream } from './proxy.ts';
import { resolveHost } from './resolve.ts';
import { planRoute } from './route.ts';
import { type OpenHop, Ssh2Connection } from './ssh2-connection.ts';
import { loadSsh2, type Ssh2 } from './ssh2-lib.ts';

export interface Ssh2TransportDeps {
  readonly local: LocalFacts;
  readonly interaction: SshInteraction;
  /** Read instead of the user's and the system's SSH configuration. */
  readonly configFile?: string | undefined;
}

export function createSsh2Transport(deps: Ssh2TransportDeps): SshTransport {
  return { connect: (target) => connect(deps, target) };
}

async function connect(deps: Ssh2TransportDeps, target: SshTarget): Promise<SshConnection> {
  const [ssh2, route] = await Promise.all([loadSsh2(), planRoute((host) => resolveHost(deps, host), target)]);
  const hops = route.map((host) => prepareHop(ssh2, host, deps.interaction));
  const open: OpenHop[] = [];
  try {
    for (const hop of hops) open.push(await openHop({ ssh2, deps, hop, previous: open.at(-1) }));
    return new Ssh2Connection(open);
  } catch (error) {
    for (const { client } of open.toReversed()) client.end();
    throw error;
  }
}

interface OpenHopInput {
  readonly ssh2: Ssh2;
  readonly deps: Ssh2TransportDeps;
  readonly hop: Hop;
  readonly previous: OpenHop | undefined;
}

async function openHop({ ssh2, deps, hop, previous }: OpenHopInput): Promise<OpenHop> {
  const { host, deadline } = hop;
  deadline.start();
  try {
    const stream = previous
      ? await openThrough(previous, host, deadline.signal)
      : await openStream(host, deps.local.env, deadline.signal);
    return { host, stream, client: await shakeHands(ssh2, hop, stream) };
  } finally {
    deadline.cancel();
  }
}

/** A TCP connection made by the jump host, which sees only what is encrypted for the next one. */
function openThrough(
  { host: jump, client }: OpenHop,
  next: HostConfig,
  signal: AbortSignal,
): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  client.forwardOut('127.0.0.1', 0, next.hostname, next.port, (error, channel) => {
    if (error) reject(cannotPassOn(jump, next, error));
    else resolve(channel);
  });
  return promise;
}

function cannotPassOn(jump: HostConfig, next: HostConfig, cause: Error): ExternalError {
  const source = `ssh ${placeOf(next)}`;
  return new ExternalError(source, `the jump host ${placeOf(jump)} cannot or may not connect to it`, {
    hint: 'Check host and port, and that the jump host allows forwarding (AllowTcpForwarding).',
    cause,
  });
}
