/** `/auth/tokens`: tokens for programs, made, listed and revoked by administrators only. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import * as z from 'zod';
import type { Credential, NewCredential } from '../../ports/credentials.ts';
import type { Clock } from '../../ports/service.ts';
import { complaints, formFailure } from '../control/force-params.ts';
import { parseRpc, RpcFailure, rpcError, rpcResult, UNKNOWN_METHOD } from '../control/json-rpc.ts';
import { isAdministrator } from '../control/permissions.ts';
import type { AppEnv } from '../deps.ts';
import { envelope, rpcAnswer } from '../http/answer.ts';
import { ApiError } from '../http/api-error.ts';
import { readBody } from '../http/body.ts';
import type { Audit } from './audit.ts';
import type { Credentials } from './credentials.ts';
import { type Entrance, type EntranceSettings, isUserName } from './entrance.ts';
import { knockOf } from './heads.ts';

export interface TokenRoutesDeps {
  settings(): EntranceSettings;
  entrance: Entrance;
  credentials: Credentials;
  audit: Audit;
  clock: Clock;
}

const visible = z.string().refine(isUserName, 'expected one line of visible text');
const addSchema = z.strictObject({
  name: visible,
  user: visible,
  scopes: z.array(z.enum(['read', 'control', 'admin'])).min(1),
  groups: z.array(visible).max(100).default([]),
  /** Seconds; `null` for a token that never expires. */
  expires_in: z.number().int().positive().nullable(),
});
const revokeSchema = z.strictObject({ tokenid: z.number().int() });

/** In wire form: times are epoch seconds, and nothing of the secret is there. */
function tokenResource({ credentialId, kind: _, person, ...token }: Credential): object {
  const seconds = (ms: number | null) => (ms === null ? null : Math.floor(ms / 1000));
  const { name, user, scopes, createdBy, revokedBy } = token;
  return {
    tokenid: credentialId,
    ...{ name, user, scopes, groups: person.groups, created_by: createdBy, revoked_by: revokedBy },
    created_at: seconds(token.createdAt),
    expires_at: seconds(token.expiresAt),
    revoked_at: seconds(token.revokedAt),
    used_at: seconds(token.usedAt),
  };
}

function parse<T>(schema: z.ZodType<T>, params: unknown): T {
  const parsed = schema.safeParse(params);
  if (!parsed.success) throw formFailure(complaints(parsed.error));
  return parsed.data;
}

/** What a token for these parameters is to be. */
function wantedOf(params: unknown, by: string, now: number): Omit<NewCredential, 'hash'> {
  const { name, user, scopes, groups, expires_in } = parse(addSchema, params);
  return {
    ...{ kind: 'token', name, user, scopes: [...new Set(scopes)], createdBy: by },
    person: { email: null, fullName: null, groups },
    expiresAt: expires_in === null ? null : now + expires_in * 1000,
  };
}

export function tokenRoutes(app: OpenAPIHono<AppEnv>, deps: TokenRoutesDeps): void {
  const { credentials, audit, clock } = deps;

  async function requireAdministrator(c: Context<AppEnv>, action: string): Promise<string> {
    const knock = knockOf(c);
    const { caller } = knock;
    const isAllowed = isAdministrator(caller, deps.settings().access);
    const address = deps.entrance.addressOf(knock);
    const reason = isAllowed ? null : 'tokens are for administrators';
    const facts = { user: caller.user, door: caller.door, address, action, reason };
    if (c.req.method === 'POST' || !isAllowed)
      await audit.note({ what: 'token', verdict: isAllowed ? 'allowed' : 'refused', ...facts });
    if (!isAllowed) throw new ApiError(403, 'tokens are for administrators');
    return caller.user;
  }

  async function call(method: string, params: unknown, by: string): Promise<unknown> {
    if (method === 'revoke') {
      const { tokenid } = parse(revokeSchema, params);
      return { revoked: await credentials.revoke(tokenid, by) };
    }
    if (method !== 'add') throw new RpcFailure(501, UNKNOWN_METHOD, 'only add and revoke are supported');
    const { credential, secret } = await credentials.add(wantedOf(params, by, clock.now()));
    return { token: tokenResource(credential), secret };
  }

  app.get('/auth/tokens', async (c) => {
    await requireAdministrator(c, 'list tokens');
    const tokens = await credentials.list();
    return envelope(c, 'tokens', tokens.map(tokenResource), tokens.length);
  });
  app.post('/auth/tokens', async (c) => {
    try {
      const by = await requireAdministrator(c, 'change tokens');
      const request = parseRpc(c.req.header('content-type'), await readBody(c.req.raw));
      return rpcAnswer(200, rpcResult(request.id, await call(request.method, request.params, by)));
    } catch (error) {
      if (error instanceof RpcFailure) return rpcAnswer(error.status, rpcError(undefined, error));
      throw error;
    }
  });
}
