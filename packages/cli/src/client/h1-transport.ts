/** HTTP/1.1 over TCP or a unix socket, for `--api`: works with this project's master and with a real Buildbot's. */

import type { ClientRequest, IncomingMessage } from 'node:http';
import type { ApiAddress } from './api-address.ts';
import { type ApiRequest, type ApiResponse, type ApiTransport, LinkError } from './transport.ts';

/**
 * Not by `import`: that asks `node:http` for each of its names, and one of them loads all of undici (20 ms, Node 24.21).
 */
function httpFor(address: ApiAddress) {
  const isTls = 'url' in address && address.url.protocol === 'https:';
  return process.getBuiltinModule(isTls ? 'node:https' : 'node:http');
}

const KEEPALIVE_MS = 30_000;

/** `token`: what lets in, if anything has to. */
export function h1Transport(address: ApiAddress, token: string | null = null): ApiTransport {
  const { Agent, request } = httpFor(address);
  const agent = new Agent({ keepAlive: true });
  const open = new Set<ClientRequest>();
  return {
    request: (asked) =>
      new Promise<ApiResponse>((resolve, reject) => {
        const sent = request({
          ...target(address),
          path: pathOf(address, asked),
          method: asked.method,
          agent,
          ...options(asked, token),
        });
        open.add(sent);
        const forget = abortedBy(asked.signal, sent);
        // A log that is followed may be silent for hours: only this tells a quiet host from one that is gone.
        sent.once('socket', (socket) => socket.setKeepAlive(true, KEEPALIVE_MS));
        sent.once('response', (response: IncomingMessage) => {
          response.once('end', forget);
          resolve({ status: response.statusCode ?? 0, body: response });
        });
        sent.once('error', (error) => reject(new LinkError(error.message, { cause: error })));
        sent.once('close', () => {
          forget();
          open.delete(sent);
        });
        sent.end(asked.body);
      }),
    close: () => {
      for (const request of open) request.destroy();
      agent.destroy();
    },
  };
}

/**
 * Gives the function that stops listening. Node's own `signal` option destroys the socket with an error, and between an
 * answer's last byte and its end nobody listens to the socket: an uncaught exception (Node 24.21).
 */
function abortedBy(signal: AbortSignal | undefined, sent: ClientRequest): () => void {
  const abort = () => void sent.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  if (signal?.aborted) abort();
  return () => signal?.removeEventListener('abort', abort);
}

function target(address: ApiAddress) {
  if ('unix' in address) return { socketPath: address.unix };
  return { hostname: address.url.hostname.replace(/^\[|\]$/g, ''), port: address.url.port || undefined };
}

/** What comes before `/api/v2` in the URL stays; the suffix may be written or left out. */
function pathOf(address: ApiAddress, { path }: ApiRequest): string {
  if ('unix' in address) return path;
  return address.url.pathname.replace(/\/+$/, '').replace(/\/api\/v2$/, '') + path;
}

function options({ body }: ApiRequest, token: string | null) {
  const headers = {
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    accept: 'application/json, text/event-stream, text/plain',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  };
  return { headers };
}
