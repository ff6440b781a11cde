/**
 * The default transport: ssh2 in this process. It does what the user's own `ssh` would: same configuration, same
 * known hosts, same keys in the same order, same jump hosts. Whatever can be done side by side is: ssh2 loads while
 * `ssh -G` runs and the connection opens, and known hosts, key files and the agent are read meanwhile.
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
import { loadSsh2 } from './ssh2-lib.ts';

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
  const loading = loadSsh2();
  const route = await planRoute((host) => resolveHost(deps, host), target);
  const hops = route.map((host) => prepareHop(loading, host, deps.interaction));
  const open: OpenHop[] = [];
  try {
    for (const hop of hops) open.push(await openHop({ deps, hop, previous: open.at(-1) }));
    return new Ssh2Connection(open);
  } catch (error) {
    for (const { client } of open.toReversed()) client.end();
    throw error;
  }
}

interface OpenHopInput {
  readonly deps: Ssh2TransportDeps;
  readonly hop: Hop;
  readonly previous: OpenHop | undefined;
}

async function openHop({ deps, hop, previous }: OpenHopInput): Promise<OpenHop> {
  const { host, deadline } = hop;
  deadline.start();
  try {
    const stream = previous
      ? await deadline.race(openThrough(previous, host))
      : await openStream(host, deps.local.env, deadline.signal);
    const client = await shakeHands(hop, stream).catch((error: unknown) => {
      stream.destroy();
      throw error;
    });
    return { host, stream, client };
  } finally {
    deadline.cancel();
  }
}

/** A TCP connection made by the jump host, which sees only what is encrypted for the next one. */
function openThrough({ host: jump, client }: OpenHop, next: HostConfig): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
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
