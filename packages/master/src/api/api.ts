/** The API as the composition root sees it: one implementation behind the master's socket, TCP and the try gateway. */
import type { Duplex } from 'node:stream';
import type { Caller } from '../ports/caller.ts';
import type { Service } from '../ports/service.ts';
import { createApp } from './app.ts';
import { createPeople } from './auth/people.ts';
import type { ApiDeps, RequestEnv } from './deps.ts';
import { createConnections } from './doors/connections.ts';
import { type Door, type TcpSafety, tcpDoor, unixDoor } from './doors/listener.ts';
import { upgradeHandler } from './doors/upgrade.ts';
import { EventHub } from './events/event-hub.ts';

export type { ApiDeps, ForceForm } from './deps.ts';
export type { Door } from './doors/listener.ts';

/** Who follows events may take this long to hear that the master stops. */
const FAREWELL_MS = 500;

/** Start it before its doors, stop it after them. */
export interface Api extends Service {
  /** To be stopped before anything else that carries connections: tells clients that the master stops, and closes them. */
  readonly farewell: Service;
  /** Every route, for those who hold the description against it. */
  readonly routes: readonly { method: string; path: string }[];
  /** One request in process, for tests and embedding. */
  fetch(request: Request, env?: RequestEnv): Response | Promise<Response>;
  /** To be called when its settings have changed: who may not read any more is cut off. */
  reconsider(): void;
  /** Serve an authenticated byte stream (HTTP/2 with prior knowledge, HTTP/1.1 or a websocket) as this caller. */
  handleConnection(stream: Duplex, caller: Caller): void;
  /** A door at a unix socket, mode 0600, for administrators; `user` is how they are named. */
  unixDoor(path: string, user?: string): Door;
  /** A door at `host:port`. Throws `UserError` beyond loopback, unless something makes it safe there. */
  tcpDoor(address: string, safety?: TcpSafety): Door;
}

export function createApi(deps: ApiDeps): Api {
  const hub = new EventHub(deps.store);
  const people = createPeople({ ...deps, settings: () => deps.settings() });
  const app = createApp(deps, hub, people);
  const connections = createConnections({
    fetch: (request, env) => app.fetch(request, env),
    upgrade: (callerOf) =>
      upgradeHandler({
        hub,
        callerOf,
        people,
        onFailure: (error) => deps.logger.error({ err: error }, 'a websocket session failed'),
      }),
  });
  const sayGoodbye = async (): Promise<void> => {
    await atMost(FAREWELL_MS, hub.sendAway());
    await connections.stop();
  };
  return {
    name: 'api',
    farewell: { name: 'farewell', start: async () => undefined, stop: sayGoodbye },
    routes: app.routes,
    fetch: (request, env = {}) => app.fetch(request, env),
    reconsider: () => people.entrance.reconsider(),
    handleConnection: (stream, caller) => connections.handle(stream, caller),
    unixDoor: (path, user) => unixDoor(connections, path, user),
    tcpDoor: (address, safety) => tcpDoor(connections, address, safety),
    async start() {
      await hub.start();
      await people.credentials.start();
    },
    async stop() {
      await sayGoodbye();
      await people.credentials.stop();
      hub.stop();
    },
  };
}

async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
