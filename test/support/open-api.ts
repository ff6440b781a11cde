/**
 * The API over a real store, behind a real port of this machine, with a configuration of the test's own: for tests that
 * come as strangers. Requests are written by `node:http` as they are told to be, so that nothing tidies them up.
 */
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { masterConfigSchema } from '@buildbot/shared';
import { onTestFinished } from 'vitest';
import { createWorld, type World } from '../../packages/master/src/api/testing/world.ts';
import type { Clock, Logger } from '../../packages/master/src/ports/service.ts';

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

export interface OpenApi extends World {
  /** `127.0.0.1:PORT`. */
  host: string;
  /** What every other configuration is made from; may be changed while it runs. */
  settings: { access: object; www: object; proxies: string[] };
  /** Every log line, as JSON. */
  logLines: string[];
  /** One request with exactly this target. */
  ask(target: string, asked?: Asked): Promise<Reply>;
  /** A control call. */
  call(target: string, method: string, params?: object, headers?: Record<string, string>): Promise<Reply>;
  /** A token's secret and number. */
  token(options: TokenOptions): Promise<{ secret: string; tokenid: number }>;
}

export interface TokenOptions {
  user: string;
  scopes?: string[];
  groups?: string[];
  /** Seconds. */
  expiresIn?: number | null;
}

/** The header with a token in it. */
export function bearer(secret: string): Record<string, string> {
  return { authorization: `Bearer ${secret}` };
}

function noting(lines: string[]): Logger {
  const note = (fields: object, message: string): void => {
    lines.push(
      JSON.stringify({ ...fields, message }, (_, value) =>
        value instanceof Error ? `${value.stack}` : value,
      ),
    );
  };
  return { debug: note, info: note, warn: note, error: note, child: () => noting(lines) };
}

/** A world that ends with the test, or with `cleanup` of the caller. */
export async function openApi(
  config: { access?: object; www?: object; proxies?: string[]; clock?: Clock } = {},
  cleanup: (end: () => Promise<void>) => void = onTestFinished,
): Promise<OpenApi> {
  const settings = { access: config.access ?? {}, www: config.www ?? {}, proxies: config.proxies ?? [] };
  const logLines: string[] = [];
  const world = await createWorld({
    settings: () => {
      const { access, www } = masterConfigSchema.parse({ access: settings.access, www: settings.www });
      return { access, www, proxies: settings.proxies };
    },
    logger: noting(logLines),
    ...(config.clock === undefined ? {} : { clock: config.clock }),
  });
  const door = world.api.tcpDoor('127.0.0.1:0');
  await door.start();
  cleanup(async () => {
    await door.stop();
    await world.close();
  });
  const host = door.address as string;
  const ask: OpenApi['ask'] = (target, asked) => askAt(host, target, asked);
  return {
    ...world,
    ...{ host, settings, logLines, ask },
    call: (target, method, params = {}, headers = {}) =>
      ask(target, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
      }),
    async token({ user, scopes = ['read', 'control'], groups = [], expiresIn = null }) {
      const params = { name: 'a test', user, scopes, groups, expires_in: expiresIn };
      const response = await world.get('/auth/tokens', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'add', params }),
      });
      const { result } = (await response.json()) as {
        result: { secret: string; token: { tokenid: number } };
      };
      return { secret: result.secret, tokenid: result.token.tokenid };
    },
  };
}

/** One request to `host:port`, on a connection of its own. */
export function askAt(
  host: string,
  target: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Reply> {
  const [hostname, port] = host.split(':');
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path: target, method, headers, agent: false });
    asked.once('error', reject);
    asked.once('response', (response) => {
      text(response).then(
        (answer) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: answer }),
        reject,
      );
    });
    asked.end(body);
  });
}

/** Everything that is answered to these bytes until the connection is closed. */
export function sendBytes(host: string, bytes: string): Promise<string> {
  const [hostname = '', port] = host.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
    socket.write(bytes, 'latin1');
  });
}
