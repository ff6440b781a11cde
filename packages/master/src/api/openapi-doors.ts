/** What the OpenAPI document says of the paths beside `/api/v2`: configuration, logins, tokens, health, streams. */
import type { RouteConfig } from '@hono/zod-openapi';
import * as z from 'zod';
import { type Registry, reference } from './openapi-components.ts';

type Responses = RouteConfig['responses'];

const SSE_TEXT = { 'text/event-stream': { schema: { type: 'string' as const } } };
const PLAIN_TEXT = { 'text/plain': { schema: { type: 'string' as const } } };

function refused(description: string): Responses[string] {
  return { description, content: { 'text/plain': { schema: reference('Error') } } };
}

/** JSON for those who ask for it, else the same as text. */
function answered(component: string, description: string): Responses {
  const content = { schema: reference(component) };
  return { 200: { description, content: { 'application/json': content, 'text/plain': content } } };
}

const redirect = z
  .string()
  .optional()
  .meta({ description: 'Place in the pages to go to, for example /builders.' });
const listen = z.object({
  path: z.string().meta({ description: 'Which events: components, each a text or *.' }),
});
const change = listen.extend({ uuid: z.string().meta({ description: 'From the handshake of the stream.' }) });
const picture = z.object({
  email: z.string().optional(),
  username: z.string().optional(),
  size: z.number().int().min(1).max(1024).optional(),
});

type Door = Pick<RouteConfig, 'path' | 'request' | 'responses'> & { summary: string };

const DOORS: readonly Door[] = [
  { path: '/api', summary: 'Where the API is.', responses: answered('Versions', 'Its versions.') },
  {
    path: '/api/openapi.json',
    summary: 'This document.',
    responses: {
      200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: {} }, ...PLAIN_TEXT } },
    },
  },
  {
    path: '/healthz',
    summary: 'Whether the master answers and its database can be read.',
    responses: { ...answered('Health', 'All is well.'), 503: refused('The database cannot be read.') },
  },
  {
    path: '/config',
    summary: 'What the web UI reads first: how to log in, and who is there.',
    responses: answered('Config', 'Under the names that Buildbot uses.'),
  },
  {
    path: '/metrics',
    summary: 'Figures for monitoring.',
    responses: { 200: { description: "Prometheus's text form.", content: PLAIN_TEXT } },
  },
  {
    path: '/avatar',
    summary: 'A picture of a person.',
    request: { query: picture },
    responses: {
      200: { description: 'A picture.', content: { 'image/svg+xml': { schema: { type: 'string' } } } },
      400: refused('No such size.'),
    },
  },
  {
    path: '/auth/login',
    summary: 'Come in with a browser.',
    request: { query: z.object({ redirect }) },
    responses: {
      302: { description: 'Into the pages with a session, or to the provider of logins.' },
      400: refused('The place is none.'),
      401: refused('A user and a password are needed.'),
      404: refused('No logins are configured.'),
      429: refused('Too many attempts.'),
    },
  },
  {
    path: '/auth/logout',
    summary: 'End the session.',
    request: { query: z.object({ redirect }) },
    responses: { 302: { description: 'Into the pages.' }, 400: refused('The place is none.') },
  },
  {
    path: '/auth/tokens',
    summary: 'Tokens of programs, for administrators.',
    responses: { ...answered('Tokens', 'All of them, without their secrets.'), 403: refused('Not for you.') },
  },
  {
    path: '/sse/listen/{path}',
    summary: "Buildbot's event stream: a handshake with its uuid, then events.",
    request: { params: listen },
    responses: { 200: { description: 'The stream.', content: SSE_TEXT } },
  },
  {
    path: '/sse/{path}',
    summary: 'The same.',
    request: { params: listen },
    responses: { 200: { description: 'The stream.', content: SSE_TEXT } },
  },
  ...['add', 'remove'].map((verb) => ({
    path: `/sse/${verb}/{uuid}/{path}`,
    summary: `Change what a stream listens to: ${verb} a path.`,
    request: { params: change },
    responses: { 200: { description: 'ok', content: PLAIN_TEXT }, 400: refused('No such stream.') },
  })),
];

/** Add and revoke. */
function registerTokens(registry: Registry): void {
  const request = z.object({
    jsonrpc: z.literal('2.0'),
    id: z.union([z.string(), z.number(), z.null()]),
    method: z.enum(['add', 'revoke']),
    params: z.record(z.string(), z.unknown()),
  });
  const failure = (description: string) => ({
    description,
    content: { 'application/json': { schema: reference('RpcError') } },
  });
  registry.registerPath({
    ...{ method: 'post', path: '/auth/tokens', summary: 'Add or revoke a token, for administrators.' },
    request: { body: { content: { 'application/json': { schema: request } } } },
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: reference('RpcResult') } } },
      400: failure('The request or its parameters.'),
      403: failure('Not for you.'),
      501: failure('No such method.'),
    },
  });
}

export function registerDoors(registry: Registry): void {
  for (const door of DOORS) registry.registerPath({ ...door, method: 'get' });
  registerTokens(registry);
}
