/**
 * Serves one connection, whatever carries it: a socket that was listened for, or a byte stream that another room has
 * authenticated. HTTP/1.1 with websockets and HTTP/2 with prior knowledge both work on each. Who calls is said by the
 * door that hands the connection over, and goes with every request on it.
 */
import { createServer as createHttp1 } from 'node:http';
import {
  constants,
  createServer as createHttp2,
  type Http2ServerResponse,
  type ServerHttp2Session,
} from 'node:http2';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Caller } from '../../ports/caller.ts';
import { NOBODY, type RequestEnv } from '../deps.ts';
import { detectProtocol } from './detect-protocol.ts';
import type { UpgradeHandler } from './upgrade.ts';

/** A client that has not sent a request's head by then has no request (slowloris). */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 60_000;
/** How often Node looks for overdue requests. */
const SWEEP_MS = 2_000;
const MAX_HEADER_BYTES = 16 * 1024;
/** An HTTP/2 connection on which nothing moves. Event streams move every 15 s. */
const H2_IDLE_MS = 10 * 60_000;
/** How long clients may take to hear that a connection ends, before it is cut. */
const FAREWELL_MS = 500;
/** Windows of megabytes: with the default of 64 KiB a large body stalls on any link with a delay. */
const H2_STREAM_WINDOW = 1024 * 1024;
const H2_SESSION_WINDOW = 8 * 1024 * 1024;

export type Fetch = (request: Request, env: RequestEnv) => Response | Promise<Response>;

export interface Connections {
  /** Serve it until it ends. Never throws; a connection that says nothing sensible is closed. */
  handle(socket: Duplex, caller: Caller): void;
  /** Let what was said reach the other side, then close every connection; those that take too long are cut. */
  stop(): Promise<void>;
}

const H2_OPTIONS = {
  settings: {
    initialWindowSize: H2_STREAM_WINDOW,
    maxConcurrentStreams: 128,
    maxHeaderListSize: MAX_HEADER_BYTES,
  },
};

/** The stream is reset: the client sees an error, never an end. */
function breakH2(response: Http2ServerResponse): void {
  response.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
}

/** Answers how to end it in order. */
function serveH2(socket: Duplex, caller: Caller, fetch: Fetch): () => void {
  // One server object per connection, which costs an object and no handle: so the caller needs no look-up.
  const server = createHttp2(
    H2_OPTIONS,
    getRequestListener(
      (request, { outgoing }) =>
        fetch(request, { caller, breakOff: () => breakH2(outgoing as Http2ServerResponse) }),
      { overrideGlobalObjects: false },
    ),
  );
  let end = (): void => void socket.destroy();
  server.on('session', (session: ServerHttp2Session) => {
    end = () => session.close();
    session.setLocalWindowSize(H2_SESSION_WINDOW);
    session.setTimeout(H2_IDLE_MS, () => session.destroy());
    session.on('error', () => session.destroy());
  });
  server.emit('connection', socket);
  return () => end();
}

/** One HTTP/1.1 server for all connections, which are given to it: it listens nowhere. */
function http1Server(fetch: Fetch, callerOf: (socket: Duplex) => Caller, upgrade: UpgradeHandler) {
  const server = createHttp1(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connectionsCheckingInterval: SWEEP_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    getRequestListener(
      (request, { incoming, outgoing }) =>
        fetch(request, { caller: callerOf(incoming.socket), breakOff: () => outgoing.destroy() }),
      { overrideGlobalObjects: false },
    ),
  );
  server.on('upgrade', upgrade);
  // Node looks for overdue requests only once a server listens; this one is only ever given connections.
  server.emit('listening');
  return server;
}

function cut(sockets: Iterable<Duplex>): void {
  for (const socket of sockets) socket.destroy();
}

export function createConnections(options: {
  fetch: Fetch;
  upgrade: (callerOf: (socket: Duplex) => Caller) => UpgradeHandler;
}): Connections {
  const { fetch, upgrade } = options;
  const callers = new WeakMap<Duplex, Caller>();
  /** How to end each connection. */
  const open = new Map<Duplex, () => void>();
  const callerOf = (socket: Duplex) => callers.get(socket) ?? NOBODY;
  const http1 = http1Server(fetch, callerOf, upgrade(callerOf));

  async function serve(socket: Duplex, caller: Caller): Promise<void> {
    const protocol = await detectProtocol(socket, HEADERS_TIMEOUT_MS);
    if (protocol === null || socket.destroyed) socket.destroy();
    else if (protocol === 'h2') open.set(socket, serveH2(socket, caller, fetch));
    else {
      http1.emit('connection', socket);
      open.set(socket, () => socket.end(() => socket.destroy()));
    }
  }

  return {
    handle(socket, caller) {
      callers.set(socket, caller);
      open.set(socket, () => socket.destroy());
      socket.once('close', () => open.delete(socket));
      // A connection that breaks is closed by whoever serves it; between protocols nobody does.
      socket.on('error', () => socket.destroy());
      void serve(socket, caller);
    },
    async stop() {
      const closed = [...open.keys()].map(
        (socket) => new Promise((resolve) => socket.once('close', resolve)),
      );
      const late = setTimeout(() => cut(open.keys()), FAREWELL_MS);
      for (const end of [...open.values()]) end();
      await Promise.all(closed);
      clearTimeout(late);
      http1.close();
    },
  };
}
