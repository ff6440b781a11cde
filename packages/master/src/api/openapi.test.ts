/** The OpenAPI document against the server that it describes: every path, parameter, answer, refusal and example. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createWorld, type World } from './testing/world.ts';

interface Schema {
  $ref?: string;
  type?: string;
  required?: string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  enum?: string[];
  examples?: unknown[];
}
interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  requestBody?: {
    content: { 'application/json': { schema: Schema; examples?: Record<string, { value: Call }> } };
  };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Call {
  method: string;
  params: Record<string, unknown>;
}
interface Document {
  openapi: string;
  paths: Record<string, { get?: Operation; post?: Operation }>;
  components: { schemas: Record<string, Schema> };
}

let world: World;
let document: Document;
beforeAll(async () => {
  world = await createWorld();
  const running = await world.build();
  await world.output(running, 'hello\n');
  const told = {
    name: 'a',
    outcome: 'failed',
    path: null,
    line: null,
    durationNs: null,
    message: [],
  } as const;
  await world.store.keepTestResults({ stepId: running.step.stepId, format: 'tap', tests: [told] });
  await world.finish(running);
  const change = { author: 'alice', committer: null, branch: 'main', category: null, comments: 'Fix it' };
  const place = { codebase: '', repository: '/srv/p.git', project: '', revision: null, revlink: null };
  await world.store.addChange({ ...change, ...place, files: ['a.c'], properties: {}, at: 1_795_214_639_000 });
  document = (await (await world.get('/api/openapi.json')).json()) as Document;
});
afterAll(() => world.close());

/** An object that exists, for each placeholder. */
const EXAMPLES: Record<string, string> = {
  builder: 'linux',
  worker: 'w1',
  forcescheduler: 'force',
  step: '0',
  slug: 'stdio',
};

const filled = (path: string) => path.replaceAll(/\{(\w+)\}/g, (_, name: string) => EXAMPLES[name] ?? '1');

/** Of these there is never one. */
const ABSENT = /\{(project|codebase|branchid|commitid|revision|changesourceid|data)\}/;

/** `builds/:buildid` as the document has it. */
const templateOf = (path: string) => path.replaceAll(/:(\w+)(\{\.\+\})?/g, '{$1}');

/** What a schema of the document has against a value. */
function objections(schema: Schema, value: unknown): unknown[] {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
  const local = JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/'));
  return z.fromJSONSchema(local).safeParse(value).error?.issues ?? [];
}

/** Ask, hold the answer against the description, and say the status. */
async function heldAgainst(operation: Operation, path: string, target: string): Promise<number> {
  const query = path.endsWith('/events') ? '?path=*' : '';
  const response = await world.get(target + query, { headers: { Accept: 'application/json' } });
  const { status, headers } = response;
  const described = operation.responses[status];
  expect([target, status, described !== undefined]).toEqual([target, status, true]);
  const type = headers.get('content-type')?.split(';')[0] ?? null;
  const schema = type === null ? undefined : described?.content?.[type]?.schema;
  if (described?.content === undefined) expect(await response.text()).toBe('');
  else if (schema === undefined) expect([target, Object.keys(described.content)]).toEqual([target, [type]]);
  else if (schema.type === 'string') await response.body?.cancel();
  else expect([target, objections(schema, await response.json())]).toEqual([target, []]);
  return status;
}

/** A value for a parameter as its schema has it. */
function sampleOf(name: string, schema: Schema, operation: Operation): string {
  if (name === 'order')
    return operation.parameters?.find((one) => one.name === 'field')?.schema.items?.enum?.[0] ?? '';
  const { type, enum: names } = schema.items ?? schema;
  return names?.[0] ?? (type === 'string' ? 'x' : type === 'boolean' ? 'true' : '1');
}

describe('the OpenAPI document', () => {
  it('is OpenAPI 3.1 whose references all lead somewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
    expect(references.length).toBeGreaterThan(50);
    for (const [, name] of references) expect(Object.keys(document.components.schemas)).toContain(name);
  });

  it('has every GET of the table, and its path parameters', () => {
    expect(Object.keys(document.paths).length).toBeGreaterThan(70);
    for (const [path, { get }] of Object.entries(document.paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1]);
      const documented =
        get?.parameters?.filter((parameter) => parameter.in === 'path').map(({ name }) => name) ?? [];
      expect(documented.toSorted()).toEqual(names.toSorted());
    }
  });

  it('has every route that there is', () => {
    const documented = Object.entries(document.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method} ${path}`),
    );
    const served = world.api.routes
      .filter(({ method, path }) => method !== 'ALL' && !path.startsWith('/api/latest'))
      // Collections have no methods: who calls one is told so.
      .filter(({ method, path }) => method === 'GET' || document.paths[templateOf(path)]?.post !== undefined)
      .map(({ method, path }) => `${method.toLowerCase()} ${templateOf(path)}`);
    expect([...new Set(served)].sort()).toEqual(documented.sort());
  });

  it('describes what is answered: every documented path answers as its schema says', async () => {
    const answered = new Map<string, number>();
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (get !== undefined) answered.set(path, await heldAgainst(get, path, filled(path)));
    }
    const others = [...answered].filter(([, status]) => status !== 200);
    // What never exists, streams that nobody has begun, and logins that are not configured.
    expect(others.filter(([path]) => !ABSENT.test(path))).toEqual([
      ['/auth/login', 404],
      ['/auth/logout', 302],
      ['/sse/add/{uuid}/{path}', 400],
      ['/sse/remove/{uuid}/{path}', 400],
    ]);
    expect(others.filter(([path]) => ABSENT.test(path)).every(([, status]) => status === 404)).toBe(true);
  }, 20_000);

  it('describes how it refuses: what does not exist, and what cannot be understood', async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (!path.startsWith('/api/v2') || get === undefined) continue;
      const [nowhere, odd] = [path.replaceAll(/\{\w+\}/g, '9999'), `${filled(path)}?no_such_thing=1`];
      if (path.includes('{')) expect([path, await heldAgainst(get, path, nowhere)]).toEqual([path, 404]);
      const isTold = get.parameters?.some((parameter) => parameter.name === 'limit') ?? false;
      const status = await heldAgainst(get, path, odd);
      if (isTold && !ABSENT.test(path)) expect([path, status]).toEqual([path, 400]);
    }
  }, 20_000);

  it('names no parameter that is not taken', async () => {
    const refused: string[] = [];
    for (const path of [
      'builders',
      'builds',
      'buildrequests',
      'buildsets',
      'changes',
      'logs',
      'steps',
      'workers',
    ]) {
      const [template, operation] = Object.entries(document.paths).find(
        ([one, { get }]) => one.endsWith(`/${path}`) && get?.parameters?.some(({ name }) => name === 'limit'),
      ) as [string, { get: Operation }];
      for (const { name, in: place, schema } of operation.get.parameters ?? []) {
        if (place !== 'query') continue;
        const query = new URLSearchParams([[name, sampleOf(name, schema, operation.get)]]);
        const { status } = await world.get(`${filled(template)}?${query}`);
        if (status !== 200) refused.push(`${template} ${name}`);
      }
    }
    expect(refused).toEqual([]);
  }, 20_000);

  it('has only examples that are so', () => {
    let count = 0;
    for (const [name, { examples }] of Object.entries(document.components.schemas)) {
      for (const example of examples ?? []) {
        count++;
        expect([name, objections({ $ref: `#/components/schemas/${name}` }, example)]).toEqual([name, []]);
      }
    }
    expect(count).toBeGreaterThanOrEqual(10);
  });

  it('shows one call for each method, and each can be made', async () => {
    for (const [path, { post }] of Object.entries(document.paths)) {
      if (post === undefined || path === '/auth/tokens') continue;
      const { schema, examples = {} } = post.requestBody?.content['application/json'] ?? { schema: {} };
      expect(Object.keys(examples)).toEqual(schema.properties?.method?.enum?.toSorted());
      for (const { value } of Object.values(examples)) {
        expect(objections(schema, value)).toEqual([]);
        const path2 = filled(path).replace('/api/v2', '');
        const { status, body } = await world.rpc(path2, value.method, value.params);
        expect([path, value.method, status, body.error]).toEqual([path, value.method, 200, undefined]);
        expect(objections({ $ref: '#/components/schemas/RpcResult' }, body)).toEqual([]);
      }
    }
  }, 20_000);

  it('describes the failures of calls', async () => {
    const { status, body } = await world.rpc('/builds/1', 'no_such_method');
    expect(status).toBe(501);
    expect(objections({ $ref: '#/components/schemas/RpcError' }, body)).toEqual([]);
    const form = await world.rpc('/forceschedulers/force', 'force', { username: 'me', builderid: 'x' });
    expect(form.status).toBe(400);
    expect(objections({ $ref: '#/components/schemas/RpcError' }, form.body)).toEqual([]);
  });

  it('describes the fields that are answered, no more and no fewer', async () => {
    const { Build } = document.components.schemas;
    const { builds } = await world.json('/builds/1');
    expect(Object.keys(builds?.[0] ?? {}).sort()).toEqual(Object.keys(Build?.properties ?? {}).sort());
  });

  it('has the control methods', () => {
    expect(JSON.stringify(document.paths['/api/v2/builds/{buildid}']?.post)).toContain('"stop","rebuild"');
    expect(document.paths['/api/v2/logs/{logid}']?.post).toBeUndefined();
  });

  it('says how programs come in', () => {
    expect(document).toMatchObject({
      components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
      security: [{ token: [] }, {}],
    });
  });
});
