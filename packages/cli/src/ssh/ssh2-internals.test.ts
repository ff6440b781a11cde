/** ssh2 as it is installed: what `ssh2-internals.ts` takes for granted holds between a real client and a real server. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { ClientChannel, ParsedKey, ServerChannel } from 'ssh2';
import ssh2 from 'ssh2';
import { expect, onTestFinished, test } from 'vitest';
import { agentOf, endAttempts, isStillSending, SSH2_VERSION } from './ssh2-internals.ts';
import { loadSsh2 } from './ssh2-lib.ts';

const keyPair = () => {
  const { private: text } = ssh2.utils.generateKeyPairSync('ed25519');
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return { text, key: key as ParsedKey };
};

interface Far {
  port: number;
  /** The server's end of the command that was started. */
  channel: Promise<ServerChannel>;
}

/** A server that lets in whoever has `accepted`, and hands out the channel of the first command. */
async function serve(accepted: ParsedKey): Promise<Far> {
  const channel = Promise.withResolvers<ServerChannel>();
  const server = new ssh2.Server({ hostKeys: [keyPair().text] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) => {
      const isIt = context.method === 'publickey' && context.key.data.equals(accepted.getPublicSSH());
      if (!isIt) return context.reject(['publickey']);
      const { signature, blob } = context;
      if (signature && !accepted.verify(blob as Buffer, signature)) return context.reject();
      context.accept();
    });
    client.on('session', (accept) => accept().on('exec', (start) => channel.resolve(start())));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { port: (server.address() as AddressInfo).port, channel: channel.promise };
}

test('is the version that was read', async () => {
  const { version } = createRequire(import.meta.url)('ssh2/package.json') as { version: string };
  const ours = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
  expect([version, JSON.parse(ours).dependencies.ssh2]).toEqual([SSH2_VERSION, SSH2_VERSION]);
});

test('lets a ring of keys in, asks the right one to sign, and tells whether a channel is still sending', async () => {
  const [stranger, mine] = [keyPair().key, keyPair().key];
  const far = await serve(mine);
  const asked: ParsedKey[] = [];
  const agent = agentOf(await loadSsh2(), {
    publicKeys: [stranger, mine],
    sign: async (publicKey, data, hash) => {
      asked.push(publicKey);
      return publicKey.sign(data, hash) as unknown as Buffer;
    },
  });
  const client = new ssh2.Client();
  onTestFinished(() => void client.end());
  client.connect({
    host: '127.0.0.1',
    port: far.port,
    username: 'me',
    agent,
    authHandler: ['agent'],
  });
  await once(client, 'ready');
  expect(asked).toEqual([mine]);

  const channel = await new Promise<ClientChannel>((resolve, reject) => {
    client.exec('anything', (error, made) => (error ? reject(error) : resolve(made)));
  });
  expect(isStillSending(channel)).toBe(true);
  const ended = once(channel.resume(), 'end');
  (await far.channel).end('the whole output');
  await ended;
  expect(isStillSending(channel)).toBe(false);
});

test('ends when there is no further way in', async () => {
  const far = await serve(keyPair().key);
  const client = new ssh2.Client();
  let rounds = 0;
  const failed = once(client, 'error').catch((error: unknown) => [error]);
  client.on('error', () => {});
  client.connect({
    host: '127.0.0.1',
    port: far.port,
    username: 'me',
    authHandler: (_methods, _partial, next) => {
      rounds += 1;
      if (rounds === 1) next({ type: 'none', username: 'me' });
      else endAttempts(next);
    },
  });
  expect((await failed)[0]).toMatchObject({ level: 'client-authentication' });
  expect(rounds).toBe(2);
});
