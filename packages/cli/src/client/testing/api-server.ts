/** A small real server for client tests, spoken to in HTTP/1.1 and in HTTP/2 with prior knowledge. */
import { once } from 'node:events';
import { createServer as createH1, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createH2 } from 'node:http2';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { ApiClient, type ApiLimits } from '../api-client.ts';
import { h1Transport } from '../h1-transport.ts';
import { h2Transport } from '../h2-transport.ts';

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface ApiServer {
  url: string;
  client: ApiClient;
  /** Answers that have not ended. */
  open(): number;
  /** Breaks every connection, as a cut wire does. */
  cut(): void;
  close(): Promise<void>;
}

export const DIALECTS = ['HTTP/1.1', 'HTTP/2'] as const;

export async function apiServer(
  dialect: (typeof DIALECTS)[number],
  answer: Answer,
  limits?: ApiLimits,
): Promise<ApiServer> {
  // The compatibility API of HTTP/2 has the same shape for all that is used here.
  let open = 0;
  const counted: Answer = (request, response) => {
    open += 1;
    response.once('close', () => {
      open -= 1;
    });
    answer(request, response);
  };
  const server = dialect === 'HTTP/2' ? createH2(counted as never) : createH1(counted);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  server.on('sessionError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const transport =
    dialect === 'HTTP/2'
      ? h2Transport(connect(port, '127.0.0.1'))
      : h1Transport({ url: new URL(`http://127.0.0.1:${port}`) });
  const client = new ApiClient(transport, limits);
  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: `http://127.0.0.1:${port}`,
    client,
    open: () => open,
    cut,
    close: async () => {
      client.close();
      cut();
      server.close();
      await once(server, 'close');
    },
  };
}
