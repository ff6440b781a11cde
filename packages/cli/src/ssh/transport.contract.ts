/** What every transport promises (`port.ts`), tried on a real sshd. Each test file only says how to make one. */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { ExternalError, UserError } from '@buildbot/shared';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { createSshWorld, type SshWorld } from '../../../../test/support/ssh-world.ts';
import { type Sshd, startSshd } from '../../../../test/support/sshd.ts';
import { HostKeyError, NotLetInError } from './errors.ts';
import type { SshConnection, SshTransport } from './port.ts';

const LARGE = 50 * 1024 * 1024;

/** @param create a transport that nobody can answer questions for */
export function sshTransportContract(name: string, create: (world: SshWorld) => SshTransport): void {
  describe(name, () => {
    let sshd: Sshd;
    beforeAll(async () => {
      sshd = await startSshd();
    });
    afterAll(() => sshd.stop());

    /** A user who knows the server as `server` and may log in. */
    async function setup(
      lines: readonly string[] = [],
    ): Promise<{ world: SshWorld; transport: SshTransport }> {
      const world = await createSshWorld();
      onTestFinished(() => world.remove());
      await world.addHost('server', sshd, lines);
      await world.trust(sshd.knownHostsLine);
      return { world, transport: create(world) };
    }

    async function connected(): Promise<SshConnection> {
      const { transport } = await setup();
      const connection = await transport.connect({ host: 'server' });
      onTestFinished(() => connection.close());
      return connection;
    }

    /** For failures, which one transport has when it connects and the other when its program runs. */
    async function attempt(transport: SshTransport, host: string, argv: readonly string[] = ['true']) {
      const connection = await transport.connect({ host });
      onTestFinished(() => connection.close());
      const { duplex, stderr, exit } = await connection.exec(argv);
      const [output, errors] = await Promise.all([text(duplex), text(stderr)]);
      return { output, errors, exit: await exit };
    }

    test('keeps output, errors and exit code apart', async () => {
      const { transport } = await setup();
      const result = await attempt(transport, 'server', ['sh', '-c', 'echo out; echo err >&2; exit 3']);
      expect(result).toEqual({ output: 'out\n', errors: 'err\n', exit: { code: 3 } });
    });

    test('hands over every word as it is', async () => {
      const words = [
        '',
        ' ',
        'a b',
        "it's",
        '"',
        '$HOME',
        '`id`',
        '\\',
        '*',
        '~',
        '=ls',
        '!x',
        '#',
        'é',
        '-n',
        'a\nb',
        ';',
        '&',
      ];
      const { transport } = await setup();
      const { output } = await attempt(transport, 'server', ['printf', '%s\\0', ...words]);
      expect(output.split('\0').slice(0, -1)).toEqual(words);
    });

    test('runs several programs at once on one connection', async () => {
      const connection = await connected();
      const processes = await Promise.all(
        ['1', '2', '3'].map((code) => connection.exec(['sh', '-c', `exit ${code}`])),
      );
      for (const { duplex, stderr } of processes) drop(duplex, stderr);
      expect(await Promise.all(processes.map(({ exit }) => exit))).toEqual([
        { code: 1 },
        { code: 2 },
        { code: 3 },
      ]);
    });

    test('carries 50 MB in each direction without losing a byte', async () => {
      const connection = await connected();
      const { duplex, stderr, exit } = await connection.exec(['cat']);
      stderr.resume();
      const sent = createHash('sha256');
      const received = createHash('sha256');
      const write = pipeline(
        noise(LARGE),
        async function* (chunks) {
          for await (const chunk of chunks) {
            sent.update(chunk);
            yield chunk;
          }
        },
        duplex,
        { end: true },
      );
      const read = (async () => {
        for await (const chunk of duplex) received.update(chunk);
      })();
      await Promise.all([write, read]);
      expect(received.digest('hex')).toBe(sent.digest('hex'));
      expect(await exit).toEqual({ code: 0 });
    });

    test('holds the program back while nobody reads', async () => {
      const connection = await connected();
      const { duplex, stderr } = await connection.exec(['sh', '-c', 'echo $$ >&2; exec cat /dev/zero']);
      const [pid] = await once(stderr, 'data');
      expect(await settledOutput(Number(String(pid)))).toBeLessThan(LARGE / 2);
      // It goes on as soon as someone reads.
      let read = 0;
      for await (const chunk of duplex) {
        read += chunk.length;
        if (read > LARGE / 2) break;
      }
      expect(read).toBeGreaterThan(LARGE / 2);
    });

    test('gives the whole answer of a program that ends while it is written to', async () => {
      const connection = await connected();
      const { duplex, stderr, exit } = await connection.exec(['sh', '-c', 'echo refused; exec 0<&-; exit 4']);
      stderr.resume();
      const output = text(duplex);
      const written = pipeline(noise(LARGE / 10), duplex);
      expect(await output).toBe('refused\n');
      await written;
      expect(await exit).toEqual({ code: 4 });
    });

    test('ends the program when its stream is destroyed', async () => {
      const connection = await connected();
      const { duplex, stderr } = await connection.exec(['sh', '-c', 'echo $$ >&2; exec cat']);
      const [pid] = await once(stderr, 'data');
      stderr.resume();
      duplex.destroy();
      await expect.poll(() => isRunning(Number(String(pid))), { timeout: 20_000 }).toBe(false);
    });

    test('never shows output cut by a lost connection as complete', async () => {
      const server = await startSshd();
      onTestFinished(() => server.stop());
      const { world, transport } = await setup();
      await world.addHost('other', server);
      await world.trust(server.knownHostsLine);
      const connection = await transport.connect({ host: 'other' });
      onTestFinished(() => connection.close());
      const { duplex, stderr, exit } = await connection.exec(['sh', '-c', 'echo half; exec cat']);
      stderr.resume();
      const [half] = await once(duplex, 'data');
      const error = once(duplex, 'error');
      await server.dropConnections();
      expect(String(half)).toBe('half\n');
      expect((await error)[0]).toBeInstanceOf(ExternalError);
      expect(await exit).toEqual({ code: null });
    });

    test('ends its programs and runs no more once it is closed', async () => {
      const connection = await connected();
      const { duplex } = await connection.exec(['cat']);
      const { promise: closed, resolve } = Promise.withResolvers<Error | undefined>();
      connection.onClose(resolve);
      const destroyed = once(duplex, 'close');
      connection.close();
      connection.close();
      await destroyed;
      expect(await closed).toBeUndefined();
      await expect(connection.exec(['true'])).rejects.toThrow('closed');
      const late = Promise.withResolvers<Error | undefined>();
      connection.onClose(late.resolve);
      expect(await late.promise).toBeUndefined();
    });

    test('says that nothing listens at a closed port', async () => {
      const gone = await startSshd();
      await gone.stop();
      const { world, transport } = await setup();
      await world.addHost('gone', gone);
      const failure = attempt(transport, 'gone');
      await expect(failure).rejects.toBeInstanceOf(ExternalError);
      await expect(failure).rejects.toThrow(/nothing listens|refused/);
    });

    test('is not let in with a key that the server does not know', async () => {
      const world = await createSshWorld();
      onTestFinished(() => world.remove());
      const key = await world.newKey('other_key');
      await world.addHost('server', { ...sshd, clientKey: key });
      await world.trust(sshd.knownHostsLine);
      const failure = attempt(create(world), 'server');
      await expect(failure).rejects.toBeInstanceOf(NotLetInError);
      await expect(failure).rejects.toHaveProperty('exitCode', 5);
    });

    test('refuses an unknown host when nobody can be asked', async () => {
      const world = await createSshWorld();
      onTestFinished(() => world.remove());
      await world.addHost('server', sshd);
      const failure = attempt(create(world), 'server');
      await expect(failure).rejects.toBeInstanceOf(HostKeyError);
      await expect(failure).rejects.toHaveProperty('exitCode', 5);
    });

    test('refuses a host whose key has changed', async () => {
      const { world, transport } = await setup();
      await world.addHost('changed', sshd, ['HostKeyAlias changed']);
      await world.newKey('former');
      await world.trust(`changed ${(await readFile(world.path('former.pub'), 'utf8')).trim()}`);
      await expect(attempt(transport, 'changed')).rejects.toBeInstanceOf(HostKeyError);
    });

    test('runs only the forced command of a restricted key, and shows it what was asked for', async () => {
      const { world, transport } = await setup();
      const key = await world.newKey('restricted');
      const publicKey = await readFile(`${key}.pub`, 'utf8');
      await sshd.authorize(`restrict,command="printf %s \\"$SSH_ORIGINAL_COMMAND\\"" ${publicKey}`);
      await world.addHost('restricted', { ...sshd, clientKey: key });
      const { output } = await attempt(transport, 'restricted', [
        'buildbot',
        'tryserver',
        '--jobdir',
        '/a b',
      ]);
      expect(output).toBe("buildbot tryserver --jobdir '/a b'");
    });

    test.each(['-oProxyCommand=touch x', 'host;id', 'a b', '', '$(id)', 'host\n'])(
      'takes %j for no host name',
      async (host) => {
        const { transport } = await setup();
        await expect(attempt(transport, host)).rejects.toBeInstanceOf(UserError);
      },
    );

    test.each(['-x', ''])('runs no program called %j', async (program) => {
      const connection = await connected();
      await expect(connection.exec([program])).rejects.toBeInstanceOf(UserError);
    });
  });
}

function drop(...streams: Readable[]): void {
  for (const stream of streams) stream.resume();
}

/** Bytes that do not repeat, so that a chunk in the wrong place shows. */
function noise(size: number): Readable {
  let state = 1;
  let left = size;
  return new Readable({
    read() {
      if (left === 0) return void this.push(null);
      const chunk = Buffer.alloc(Math.min(left, 64 * 1024));
      for (let offset = 0; offset + 4 <= chunk.length; offset += 4) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        chunk.writeUInt32LE(state, offset);
      }
      left -= chunk.length;
      this.push(chunk);
    },
  });
}

/** How many bytes a process has written, once the number has stopped growing. */
async function settledOutput(pid: number): Promise<number> {
  let before = -1;
  let written = 0;
  await expect
    .poll(
      async () => {
        before = written;
        const io = await readFile(`/proc/${pid}/io`, 'utf8');
        written = Number(/^wchar: (\d+)/m.exec(io)?.[1]);
        // A program that nobody holds back would never come to rest.
        return written > 0 && written === before;
      },
      { timeout: 20_000, interval: 200 },
    )
    .toBe(true);
  return written;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
