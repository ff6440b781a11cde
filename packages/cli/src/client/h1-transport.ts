/** HTTP/1.1 over TCP or a unix socket, for `--api`: works with this project's master and with a real Buildbot's. */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { UserError } from '@buildbot/shared';
import { type ApiRequest, type ApiResponse, type ApiTransport, LinkError } from './transport.ts';

/** `unix:PATH`, `http://host:port/prefix` or `https://…`. */
export type ApiAddress = { unix: string } | { url: URL };

/** @throws UserError when it is none of these. */
export function parseApiAddress(text: string): ApiAddress {
  if (text.startsWith('unix:') && text.length > 5) return { unix: text.slice(5) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return { url };
  throw new UserError(`'${text}' is not an address of an API`, {
    hint: 'Expected http://host:port, https://host/path or unix:/path/to/master.sock.',
  });
}

export async function h1Transport(address: ApiAddress): Promise<ApiTransport> {
  const isTls = 'url' in address && address.url.protocol === 'https:';
  const { Agent, request } = isTls ? await import('node:https') : { Agent: HttpAgent, request: httpRequest };
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
          ...options(asked),
        });
        open.add(sent);
        sent.once('response', (response: IncomingMessage) =>
          resolve({ status: response.statusCode ?? 0, body: response }),
        );
        sent.once('error', (error) => reject(new LinkError(error.message, { cause: error })));
        sent.once('close', () => open.delete(sent));
        sent.end(asked.body);
      }),
    close: () => {
      for (const request of open) request.destroy();
      agent.destroy();
    },
  };
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

function options({ body, signal }: ApiRequest) {
  const headers = {
    accept: 'application/json, text/event-stream, text/plain',
    ...(body === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
  };
  return { headers, ...(signal === undefined ? {} : { signal }) };
}
