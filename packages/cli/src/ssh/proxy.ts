/**
 * The stream to the first host: a TCP connection, or the user's own `ProxyCommand`. Only the user's SSH configuration
 * can name that command (`ssh -G` reads nothing else), and the names put into it are checked ones.
 */

import { spawn } from 'node:child_process';
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { ExternalError } from '@buildbot/shared';
import type { HostConfig } from './config.ts';
import { explainConnectError } from './connect-errors.ts';
import { endChild } from './end-child.ts';
import { PairedDuplex } from './paired-duplex.ts';
import { keepTail } from './tail.ts';
import { expandTokens } from './tokens.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** @throws ExternalError saying why there is no connection. The caller limits the time through `signal`. */
export async function openStream(host: HostConfig, env: Env, signal: AbortSignal): Promise<Duplex> {
  if (host.proxyCommand !== undefined) return runProxyCommand(host, host.proxyCommand, env);
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  // Without noDelay each small packet of the handshake may wait 40 ms for the acknowledgement of the one before.
  const socket = createConnection({ host: host.hostname, port: host.port, noDelay: true, signal });
  socket.once('connect', () => resolve(socket));
  socket.once('error', (error) => reject(signal.aborted ? signal.reason : explainConnectError(host, error)));
  return promise;
}

/** OpenSSH hands the command to the user's shell, and so must we: it may be a pipeline. */
function runProxyCommand(host: HostConfig, command: string, env: Env): Duplex {
  const { hostname, port, user, alias } = host;
  const line = expandTokens(command, { h: hostname, p: String(port), r: user, n: alias });
  const child = spawn(env.SHELL || '/bin/sh', ['-c', `exec ${line}`], { stdio: 'pipe', env });
  const said = keepTail(child.stderr);
  const ended = Promise.withResolvers<Error | undefined>();
  const failed = (why: string) => new ExternalError(`ProxyCommand ${line}`, why);
  child.once('error', (error) => ended.resolve(failed(error.message)));
  child.once('close', (code) =>
    ended.resolve(code === 0 ? undefined : failed(`ended with code ${code}. ${said()}`)),
  );
  return new PairedDuplex({
    source: child.stdout,
    sink: child.stdin,
    endedBy: () => ended.promise,
    onDestroy: () => endChild(child),
  });
}
