/** Addresses of peers: which of them are proxies, and whom a proxy speaks for. */
import { BlockList, isIP, isIPv6 } from 'node:net';

/** An IPv4 address is written as one, also where the socket speaks IPv6. */
export function plainAddress(address: string): string {
  const match = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address);
  return match?.[1] ?? address;
}

/** What counts as one origin of guesses: whoever has an IPv6 address has 2^64 of them. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  const missing = 8 - groups.length - tail.split(':').filter(Boolean).length;
  const whole = address.includes('::') ? [...groups, ...Array(Math.max(missing, 0)).fill('0')] : groups;
  return `${[...whole, ...tail.split(':')].slice(0, 4).join(':')}::/64`;
}

/** Whether an address is in one of the networks (`10.0.0.0/8`) or is one of the addresses. */
export function isIn(networks: readonly string[], address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  return networks.some((network) => {
    const [base = '', bits] = network.split('/');
    if (isIP(base) !== version) return false;
    const list = new BlockList();
    if (bits === undefined) list.addAddress(base, family);
    else if (Number(bits) <= (version === 6 ? 128 : 32)) list.addSubnet(base, Number(bits), family);
    return list.check(address, family);
  });
}

/**
 * Who is at the other end: the peer itself, or, when it is a proxy, the last one of `X-Forwarded-For` that is none. What
 * stands before that was said by whoever is not trusted.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  proxies: readonly string[],
): string {
  let client = peer;
  for (const hop of (forwardedFor ?? '').split(',').reverse()) {
    const address = plainAddress(hop.trim());
    if (!isIn(proxies, client) || isIP(address) === 0) return client;
    client = address;
  }
  return client;
}
