import { describe, expect, it } from 'vitest';
import { clientAddress, isIn, networkOf, plainAddress } from './addresses.ts';

describe('clientAddress', () => {
  const proxies = ['127.0.0.1', '10.0.0.0/8'];

  it.each([
    ['192.0.2.9', 'spoofed, 1.1.1.1', '192.0.2.9', 'a peer that is no proxy speaks for itself'],
    ['127.0.0.1', '192.0.2.1', '192.0.2.1', 'a proxy speaks for whoever asked it'],
    ['127.0.0.1', '6.6.6.6, 192.0.2.1', '192.0.2.1', 'what that one said before does not count'],
    ['127.0.0.1', '192.0.2.1, 10.1.2.3', '192.0.2.1', 'proxies behind one another are looked through'],
    ['127.0.0.1', 'unknown', '127.0.0.1', 'what is no address is nobody'],
    ['127.0.0.1', '', '127.0.0.1', 'nothing said is the proxy itself'],
    ['127.0.0.1', '::ffff:192.0.2.1', '192.0.2.1', 'an IPv4 address in IPv6 is one'],
  ])('from %s with %j is %s: %s', (peer, forwarded, expected) => {
    expect(clientAddress(peer, forwarded, proxies)).toBe(expected);
  });
});

describe('isIn', () => {
  it.each([
    [['10.0.0.0/8'], '10.200.3.4', true],
    [['10.0.0.0/8'], '11.0.0.1', false],
    [['::1'], '::1', true],
    [['2001:db8::/32'], '2001:db8:1::2', true],
    [['2001:db8::/32'], '10.0.0.1', false],
    [['0.0.0.0/0'], '192.0.2.1', true],
    [['10.0.0.0/99'], '10.0.0.1', false],
    [['no address'], '10.0.0.1', false],
    [['10.0.0.0/8'], 'no address', false],
  ])('%j has %s: %s', (networks, address, expected) => {
    expect(isIn(networks, address)).toBe(expected);
  });
});

it('takes a whole IPv6 network for one', () => {
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(networkOf('2001:db8:1:2::9')).toBe(networkOf('2001:db8:1:2:ffff::1'));
  expect(networkOf('2001:db8::1')).not.toBe(networkOf('2001:db8:0:1::1'));
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
  expect(plainAddress('::ffff:127.0.0.1')).toBe('127.0.0.1');
});
