/** What went wrong on the way to a host, where, and what to try next. Pure. */

import { ExternalError } from '@buildbot/shared';
import type { HostConfig } from './config.ts';
import { NotLetInError } from './errors.ts';

/** How messages name a host: `build.example.org`, with its port if that is unusual. */
export function placeOf({ hostname, port }: Pick<HostConfig, 'hostname' | 'port'>): string {
  if (port === 22) return hostname;
  return hostname.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

const REASONS: Readonly<Record<string, readonly [reason: string, hint: string]>> = {
  ECONNREFUSED: ['nothing listens there', 'Check the port, and that the SSH server is running.'],
  ENOTFOUND: [
    'there is no host of that name',
    'Check the spelling, or add the alias to your SSH configuration.',
  ],
  EAI_AGAIN: ['the name cannot be looked up right now', 'Check your network connection and try again.'],
  EHOSTUNREACH: ['it cannot be reached', 'Check your network connection, VPN or ProxyJump.'],
  ENETUNREACH: ['its network cannot be reached', 'Check your network connection, VPN or ProxyJump.'],
  ETIMEDOUT: ['it does not answer', 'Check your network connection, VPN or ProxyJump.'],
  ECONNRESET: ['it cut the connection', 'It may be overloaded or refuse your address; try again in a while.'],
};

/** Why no connection came about. `error` is Node's or ssh2's (whose `level` tells the phase). */
export function explainConnectError(host: HostConfig, error: Error): Error {
  // A ProxyCommand says itself why it failed.
  if (error instanceof ExternalError) return error;
  const { code, level } = error as { code?: string; level?: string };
  const known = code === undefined ? undefined : REASONS[code];
  if (known) return new ExternalError(sourceOf(host), known[0], { hint: known[1], cause: error });
  const text = printable(error.message);
  if (text === 'Connection lost before handshake') return hungUp(host);
  if (/too many authentication failures/i.test(text)) return tooManyKeys(host, error);
  const hint =
    level === 'handshake'
      ? 'If its algorithms are the reason, try your own ssh program: --ssh ssh.'
      : undefined;
  return new ExternalError(sourceOf(host), text, { ...(hint === undefined ? {} : { hint }), cause: error });
}

/** The host took the connection and then said nothing useful in time. */
export function timedOut(host: HostConfig, limitMs: number): ExternalError {
  return new ExternalError(sourceOf(host), `no answer within ${limitMs / 1000} s`, {
    hint: 'Check your network connection, or raise ConnectTimeout in your SSH configuration.',
  });
}

/** It ended the connection before letting anyone in: `MaxStartups`, a firewall, or no SSH server at all. */
export function hungUp(host: HostConfig): ExternalError {
  return new ExternalError(sourceOf(host), 'it closed the connection during the handshake', {
    hint: 'It may be overloaded, refuse your address, or not be an SSH server.',
  });
}

/** A working connection was lost. */
export function connectionLost(host: HostConfig, cause?: Error): ExternalError {
  const why = cause ? `: ${printable(cause.message)}` : '';
  return new ExternalError(sourceOf(host), `the connection was lost${why}`, { cause });
}

function tooManyKeys(host: HostConfig, cause: Error): NotLetInError {
  return new NotLetInError(`${placeOf(host)} did not let ${host.user} in: too many keys were offered.`, {
    hint: 'Name the right key with IdentityFile and set IdentitiesOnly yes for this host in your SSH configuration.',
    cause,
  });
}

function sourceOf(host: HostConfig): string {
  return `ssh ${placeOf(host)}`;
}

/** A server's own words end up on the terminal. */
function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
}
