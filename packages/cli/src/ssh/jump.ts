/** `ProxyJump` lists: `[user@]host[:port]`, `ssh://[user@]host[:port]`, separated by commas (ssh_config(5)). */

import { UserError } from '@buildbot/shared';
import { checkHost, checkPort, checkUser } from './host-name.ts';
import type { SshTarget } from './port.ts';

const HOP = /^(?:ssh:\/\/)?(?:(?<user>.+)@)?(?:\[(?<bracketed>[^\]]*)\]|(?<host>[^:@]*))(?::(?<port>\d+))?$/;

/** The hops in the order they are passed through. @throws UserError naming the hop that cannot be read */
export function parseJumps(list: string): SshTarget[] {
  return list.split(',').map((hop) => parseHop(hop.trim()));
}

function parseHop(text: string): SshTarget {
  const groups = HOP.exec(text)?.groups;
  if (!groups) {
    throw new UserError(`ProxyJump names ${JSON.stringify(text)}, which is not [user@]host[:port]`, {
      hint: 'Put IPv6 addresses into brackets: [2001:db8::1]:22.',
    });
  }
  const { user, bracketed, host, port } = groups;
  return {
    host: checkHost(bracketed ?? host ?? ''),
    user: user === undefined ? undefined : checkUser(user),
    port: port === undefined ? undefined : checkPort(Number(port)),
  };
}
