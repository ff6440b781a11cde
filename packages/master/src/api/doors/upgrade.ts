/** Websocket upgrades on `/ws`, and the refusal of every other one. The same checks as for requests come first. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { Caller } from '../../ports/caller.ts';
import type { Entrance } from '../auth/entrance.ts';
import type { People } from '../auth/people.ts';
import { isAdministrator } from '../control/permissions.ts';
import type { EventHub } from '../events/event-hub.ts';
import { serveWebSocket } from '../events/ws-session.ts';
import { ApiError } from '../http/api-error.ts';

/** Commands are small; a bigger frame closes the connection with 1009. */
const MAX_FRAME_BYTES = 1024 * 1024;

interface Refusal {
  status: string;
  reason: string;
}

const REASONS: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  429: 'Too Many Requests',
};

function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ApiError)) throw error;
  return { status: `${error.status} ${REASONS[error.status] ?? 'Refused'}`, reason: error.message };
}

/** Who it is that comes in, or why they do not. */
export function upgradeCaller(
  { url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  caller: Caller,
  entrance: Entrance,
): Caller | Refusal {
  const [path, query] = url.split('?', 2);
  if (path !== '/ws') return { status: '404 Not Found', reason: 'websockets are at /ws' };
  if (query !== undefined)
    return { status: '400 Bad Request', reason: 'nothing may stand behind /ws, tokens least of all' };
  const header = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  try {
    return entrance.admit({ method: 'GET', url, header, caller, isUpgrade: true });
  } catch (error) {
    return refusalOf(error);
  }
}

function refuse(socket: Duplex, { status, reason }: Refusal): void {
  const head = `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`);
}

export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export function upgradeHandler(options: {
  hub: EventHub;
  people: People;
  callerOf: (socket: Duplex) => Caller;
  /** Told when a session ends by an error of ours. */
  onFailure: (error: unknown) => void;
}): UpgradeHandler {
  const { hub, people, callerOf, onFailure } = options;
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    perMessageDeflate: false,
  });
  return (request, socket, head) => {
    const caller = upgradeCaller(request, callerOf(socket), people.entrance);
    if ('reason' in caller) return refuse(socket, caller);
    const seesAudit = () => isAdministrator(caller, people.settings().access);
    const ended = people.entrance.endOf(caller);
    server.handleUpgrade(request, socket, head, (client) => {
      serveWebSocket(client, hub, { seesAudit, ended }).catch((error: unknown) => {
        onFailure(error);
        client.terminate();
      });
    });
  };
}
