/**
 * Which host and user names may reach an SSH client. A repository's `.buildbot` may name a host, so a "host" such as
 * `-oProxyCommand=…` (CVE-2017-1000117), or a name with shell characters in a user's `ProxyCommand %h`
 * (CVE-2023-51385), must end here.
 */

import { UserError } from '@buildbot/shared';

const HOST = /^[A-Za-z0-9._:-]+$/;
// Windows domains (`CORP\me`), mail-like names and `+tags` are in use; spaces and shell characters are not.
const USER = /^[A-Za-z0-9._@+\\-]+$/;
const HIGHEST_PORT = 65_535;

/** Returns `host`, or throws: letters, digits, dot, colon, underscore and dash; no dash in front. */
export function checkHost(host: string): string {
  if (HOST.test(host) && !host.startsWith('-')) return host;
  throw new UserError(`${JSON.stringify(host)} is not a host name`, {
    hint: 'A host is a name, an address or an alias of your SSH configuration, without user, port or spaces.',
  });
}

/** Returns `user`, or throws on what no account is called. */
export function checkUser(user: string): string {
  if (USER.test(user) && !user.startsWith('-')) return user;
  throw new UserError(`${JSON.stringify(user)} is not a user name`, {
    hint: 'Give only the account, such as "alice".',
  });
}

/** Returns `port`, or throws outside 1–65535. */
export function checkPort(port: number): number {
  if (Number.isInteger(port) && port >= 1 && port <= HIGHEST_PORT) return port;
  throw new UserError(`${port} is not a port`, {
    hint: `Ports are whole numbers from 1 to ${HIGHEST_PORT}.`,
  });
}
