/** HTTPS by the master itself: connections are decrypted here and then served like any other. */
import { readFile, stat } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:tls';
import { messageOf, UserError } from '@buildbot/shared';

/** A client that has not shaken hands by then never will. */
const HANDSHAKE_MS = 10_000;

/** Absolute paths of PEM files. */
export interface TlsFiles {
  certificate: string;
  key: string;
}

async function read({ certificate, key }: TlsFiles): Promise<{ cert: Buffer; key: Buffer }> {
  try {
    const { mode } = await stat(key);
    if ((mode & 0o007) !== 0)
      throw new UserError(`${key} is open to everybody on this machine`, { hint: `chmod 600 ${key}` });
    return { cert: await readFile(certificate), key: await readFile(key) };
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`cannot read what listen.tls names: ${messageOf(error)}`, { cause: error });
  }
}

/** `take` is given connections that have shaken hands. Throws `UserError` for files that cannot be used. */
export async function createTlsServer(files: TlsFiles, take: (socket: Socket) => void): Promise<Server> {
  const pem = await read(files);
  try {
    const server = createServer(
      { ...pem, minVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'], handshakeTimeout: HANDSHAKE_MS },
      take,
    );
    // Whoever speaks no TLS here is hung up on; there is nobody to tell.
    server.on('tlsClientError', (_, socket) => socket.destroy());
    return server;
  } catch (error) {
    throw new UserError(`listen.tls does not work: ${messageOf(error)}`, { cause: error });
  }
}
