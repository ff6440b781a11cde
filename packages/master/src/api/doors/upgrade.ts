/** Websocket upgrades on `/ws`, and the refusal of every other one. The same checks as for requests come first. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Caller } from '../../ports/control.ts';
import type { EventHub } from '../events/event-hub.ts';
import { serveWebSocket } from '../events/ws-session.ts';
import { hostName, isLoopbackName, isOriginAllowed } from '../http/origin.ts';

/** Commands are small; a bigger frame closes the connection with 1009. */
const MAX_FRAME_BYTES = 1024 * 1024;

interface Refusal {
  status: string;
  reason: string;
}

/** Why an upgrade is refused, `null` when it is not. */
export function upgradeRefusal(
  { url, headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  caller: Caller,
  allowedOrigins: readonly string[],
): Refusal | null {
  const [path, query] = (url ?? '').split('?', 2);
  if (path !== '/ws') return { status: '404 Not Found', reason: 'websockets are at /ws' };
  if (query !== undefined)
    return { status: '400 Bad Request', reason: 'nothing may stand behind /ws, tokens least of all' };
  const host = headers.host ?? '';
  const name = hostName(host);
  if (caller.door === 'tcp' && (name === null || !isLoopbackName(name))) {
    return { status: '403 Forbidden', reason: 'invalid host' };
  }
  if (!isOriginAllowed(headers.origin, host, allowedOrigins))
    return { status: '403 Forbidden', reason: 'invalid origin' };
  return null;
}

function refuse(socket: Duplex, { status, reason }: Refusal): void {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`);
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export function upgradeHandler(options: {
  hub: EventHub;
  allowedOrigins: readonly string[];
  callerOf: (socket: Duplex) => Caller;
  /** Told when a session ends by an error of ours. */
  onFailure: (error: unknown) => void;
}): UpgradeHandler {
  const { hub, allowedOrigins, callerOf, onFailure } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  return (request, socket, head) => {
    const refusal = upgradeRefusal(request, callerOf(socket), allowedOrigins);
    if (refusal !== null) return refuse(socket, refusal);
    server.handleUpgrade(request, socket, head, (client) => {
      serveWebSocket(client, hub).catch((error: unknown) => {
        onFailure(error);
        client.terminate();
      });
    });
  };
}
