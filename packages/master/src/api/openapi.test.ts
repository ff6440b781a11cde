import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWorld, type World } from './testing/world.ts';

interface Operation {
  parameters?: { name: string; in: string; required?: boolean }[];
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Schema {
  $ref?: string;
  required?: string[];
  properties?: Record<string, Schema>;
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
      expect(documented).toEqual(names);
    }
  });

  it('describes what is answered: every documented path has what its schema requires', async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      const [type, { schema }] = Object.entries(
        get?.responses[200]?.content ?? { none: { schema: {} } },
      )[0] ?? ['', { schema: {} }];
      const isChange = path.includes('{changeid}') || path.includes('{ssid}');
      const query = path.endsWith('/events') ? '?path=*' : '';
      const response = await world.get(filled(path) + query, { headers: { Accept: 'application/json' } });
      expect([path, response.status]).toEqual([path, isChange && response.status === 404 ? 404 : 200]);
      if (type !== 'application/json' || response.status !== 200) {
        await response.body?.cancel();
        continue;
      }
      expect(Object.keys((await response.json()) as object)).toEqual(
        expect.arrayContaining(schema.required ?? []),
      );
    }
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
