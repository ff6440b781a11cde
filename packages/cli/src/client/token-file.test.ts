import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { addressLink } from '../services/master-link.ts';
import { parseApiAddress } from './api-address.ts';
import { readToken } from './token-file.ts';

const SAFE = parseApiAddress('https://ci.example/');

async function tokenFile(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'token-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'token');
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

test('a token is sent with every request, and in no other way', async () => {
  const seen: unknown[] = [];
  const server = createServer((request, response) => {
    seen.push([request.url, request.headers.authorization]);
    response.end('{"masters":[],"meta":{}}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const link = addressLink(address, { tokenFile: await tokenFile('bbt_secret\n') });
  onTestFinished(() => link.close());
  await link.open();
  expect(seen).toEqual([['/api/v2/masters?limit=1', 'Bearer bbt_secret']]);
});

test('a token that others can read is not used', async () => {
  const path = await tokenFile('bbt_secret');
  await chmod(path, 0o640);
  await expect(readToken(path, SAFE)).rejects.toMatchObject({ hint: `chmod 600 ${path}`, exitCode: 5 });
});

test('a token is not sent in the clear beyond this machine', async () => {
  const path = await tokenFile('bbt_secret');
  for (const address of ['http://ci.example/', 'http://127.0.0.1.evil.example/', 'http://10.0.0.1:8010'])
    await expect(readToken(path, parseApiAddress(address))).rejects.toThrow('the token is not sent');
  for (const address of ['http://localhost:8010', 'http://[::1]:8010', 'unix:/run/master.sock'])
    expect(await readToken(path, parseApiAddress(address))).toBe('bbt_secret');
});

test.each(['', 'two words', 'line\nline', 'bbt_\u0000'])('%j is no token', async (text) => {
  await expect(readToken(await tokenFile(text), SAFE)).rejects.toThrow('holds no token');
});

test('a token that is not there is told by the name of its file', async () => {
  await expect(readToken('/nonexistent/token', SAFE)).rejects.toThrow('/nonexistent/token');
});
