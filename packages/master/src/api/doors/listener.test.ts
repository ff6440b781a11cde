import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { UserError } from '@buildbot/shared';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Connections, createConnections } from './connections.ts';
import { tcpDoor, unixDoor } from './listener.ts';

let folder: string;
let connections: Connections;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'door-'));
  await chmod(folder, 0o755);
  connections = createConnections({
    fetch: (_, { caller }) => new Response(caller?.user),
    upgrade: () => (_, socket) => socket.end(),
  });
});
afterEach(async () => {
  await connections.stop();
  await rm(folder, { recursive: true });
});

const ask = (options: http.RequestOptions): Promise<string> =>
  new Promise((resolve, reject) => {
    http.get({ agent: false, ...options }, (response) => resolve(text(response))).on('error', reject);
  });

describe('unixDoor', () => {
  it('is open to its owner only, who is the administrator', async () => {
    const path = join(folder, 'master.sock');
    const door = unixDoor(connections, path);
    expect(door.address).toBeNull();
    await door.start();
    await door.start();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(door.address).toBe(path);
    expect(await ask({ socketPath: path })).toBe('administrator');
    await door.stop();
    await door.stop();
    await expect(ask({ socketPath: path })).rejects.toThrow();
  });

  it('names its owner as it was told to', async () => {
    const path = join(folder, 'master.sock');
    const door = unixDoor(connections, path, 'alice');
    await door.start();
    expect(await ask({ socketPath: path })).toBe('alice');
    await door.stop();
  });

  it('takes the place of a socket that a killed master left', async () => {
    const path = join(folder, 'master.sock');
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(join(folder, 'other'), resolve));
    await import('node:fs/promises').then(({ rename }) => rename(join(folder, 'other'), path));
    await new Promise((resolve) => dead.close(resolve));
    expect((await stat(path)).isSocket()).toBe(true);
    const door = unixDoor(connections, path);
    await door.start();
    expect(await ask({ socketPath: path })).toBe('administrator');
    await door.stop();
  });

  it('does not take the place of a master that runs, nor of a file', async () => {
    const path = join(folder, 'master.sock');
    const first = unixDoor(connections, path);
    await first.start();
    await expect(unixDoor(connections, path).start()).rejects.toThrow(`another master answers on ${path}`);
    await first.stop();
    await writeFile(path, 'mine');
    await expect(unixDoor(connections, path).start()).rejects.toThrow('is not a socket');
  });
});

describe('tcpDoor', () => {
  it('serves anonymous readers on the loopback interface', async () => {
    const door = tcpDoor(connections, '127.0.0.1:0');
    await door.start();
    const port = Number(door.address?.split(':')[1]);
    expect(port).toBeGreaterThan(0);
    expect(await ask({ port, host: '127.0.0.1' })).toBe('anonymous');
    await door.stop();
  });

  it.each(['0.0.0.0:8010', '192.168.1.5:80', '[::]:8010', 'ci.example:8010', '127.0.0.1.evil.example:1'])(
    'refuses %s and says why',
    (address) => {
      expect(() => tcpDoor(connections, address)).toThrow(UserError);
      expect(() => tcpDoor(connections, address)).toThrow(`${address}: nothing protects it on the way`);
    },
  );
});
