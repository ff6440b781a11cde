import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { LinkError } from '../client/transport.ts';
import { addressLink } from './master-link.ts';

/** The address of a server that answers everything with 404, as one without that resource does. */
async function server(): Promise<{ address: string; close: () => Promise<void> }> {
  const http = createServer((_, response) => response.writeHead(404).end('{"error":"Invalid path"}'));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = () => new Promise<void>((resolve) => http.close(() => resolve()));
  return { address: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, close };
}

test('opens an address where somebody answers, whatever the answer', async () => {
  const { address, close } = await server();
  onTestFinished(close);
  const link = addressLink(address);
  await expect(link.open()).resolves.toBeDefined();
  link.close();
});

test('does not open an address where nobody listens', async () => {
  const { address, close } = await server();
  await close();
  await expect(addressLink(address).open()).rejects.toThrow(LinkError);
});
