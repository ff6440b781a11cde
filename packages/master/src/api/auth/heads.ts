/** The head of a request as the entrance wants to see it. */
import type { Context } from 'hono';
import { type AppEnv, NOBODY } from '../deps.ts';
import type { Knock } from './entrance.ts';

/** HTTP/2 has no `Host`: its counterpart stands in the URL. The path is the one by which routes are found. */
export function knockOf(c: Context<AppEnv>): Knock {
  const url = new URL(c.req.url);
  return {
    method: c.req.method,
    url: `${c.req.path}${url.search}`,
    header: (name) => c.req.header(name) ?? (name === 'host' ? url.host : undefined),
    caller: c.env?.caller ?? NOBODY,
    isUpgrade: false,
  };
}
