/**
 * `/api/openapi.json`: OpenAPI 3.1 made from the table of paths and the schemas of `@buildbot/shared`, so that it cannot
 * say anything else than what is served.
 */
import { FILTER_OPERATORS } from '@buildbot/shared';
import type { OpenAPIHono, RouteConfig } from '@hono/zod-openapi';
import * as z from 'zod';
import { methodNames } from './control/methods.ts';
import type { AppEnv } from './deps.ts';
import { pathParams, registerCalls } from './openapi-calls.ts';
import {
  componentName,
  type JsonSchema,
  type Registry,
  reference,
  registerComponents,
} from './openapi-components.ts';
import { registerDoors } from './openapi-doors.ts';
import type { FieldKind } from './query/fields.ts';
import { type Plural, RESOURCE_TYPES } from './resources.ts';
import {
  BUILD_SUMMARIES,
  COLLECTIONS,
  FAILURE_DIGESTS,
  LOG_CONTENTS,
  type PathSet,
  PROPERTY_LISTS,
  PROPERTY_MAPS,
  RAW_INLINE_LOGS,
  RAW_LOGS,
  SINGLES,
} from './routes/paths.ts';

type Responses = RouteConfig['responses'];

const PREFIX = '/api/v2';

function envelopeSchema(plural: string, component: string, isCollection: boolean): JsonSchema {
  const total = isCollection ? { total: { type: 'integer', description: 'True number before paging.' } } : {};
  return {
    type: 'object',
    required: [plural, 'meta'],
    properties: {
      [plural]: { type: 'array', items: reference(component) },
      meta: { type: 'object', properties: total },
    },
  };
}

function errorResponse(description: string): Responses[string] {
  return { description, content: { 'text/plain': { schema: reference('Error') } } };
}

/** Of every path below the prefix. */
const REFUSALS: Responses = {
  401: errorResponse('Reading needs a token or a login here, or this one does not hold.'),
  403: errorResponse('Not asked under a name of this master.'),
  404: errorResponse('No such path or object.'),
  503: errorResponse('What the master stands on has failed: try again.'),
};

function jsonResponses(schema: JsonSchema): Responses {
  const content = { schema };
  return {
    200: {
      description: 'JSON, indented as text unless asked for.',
      content: { 'application/json': content, 'text/plain': content },
    },
    400: errorResponse('A parameter is unknown or makes no sense.'),
    ...REFUSALS,
  };
}

const VALUE_SCHEMAS: Record<Exclude<FieldKind, 'nested'>, z.ZodType> = {
  integer: z.number().int(),
  boolean: z.boolean(),
  string: z.string(),
  integers: z.number().int(),
  strings: z.string(),
};

/** Made anew for each answer, or never set: the store refuses conditions on them. */
const UNFILTERED: Partial<Record<Plural, readonly string[]>> = {
  buildrequests: ['waiting_reason', 'stopped_by', 'stop_reason'],
  changes: ['parent_changeids'],
};

/** Query parameters of a collection: paging, order, selection, and one filter per field that can be filtered. */
function collectionQuery(resource: Plural) {
  const { fields } = RESOURCE_TYPES[resource];
  const names = [...fields.keys()] as [string, ...string[]];
  const filters = [...fields].flatMap(([name, kind]) => {
    if (kind === 'nested' || UNFILTERED[resource]?.includes(name)) return [];
    const description = `Equals; repeated: one of them. Also ${name}__OP with OP one of ${FILTER_OPERATORS.join(', ')}.`;
    return [[name, z.array(VALUE_SCHEMAS[kind]).optional().meta({ description })]];
  });
  return z.object({
    ...Object.fromEntries(filters),
    field: z.array(z.enum(names)).optional().meta({ description: 'Answer with these fields only.' }),
    order: z
      .array(z.string())
      .optional()
      .meta({ description: 'Field to sort by, with - before it descending.' }),
    limit: z.number().int().min(0).optional().meta({ description: 'At most so many.' }),
    offset: z.number().int().min(0).optional().meta({ description: 'Leave out so many.' }),
    property: z
      .array(z.string())
      .optional()
      .meta({ description: 'Builds and requests: properties to fill in, * for all.' }),
  });
}

function each(sets: readonly PathSet[], visit: (resource: Plural, template: string) => void): void {
  for (const { resource, paths } of sets) for (const template of paths) visit(resource, template);
}

/** One GET. */
function get(registry: Registry, template: string, rest: Omit<RouteConfig, 'method' | 'path'>): void {
  const params = template.includes('{') ? { params: pathParams(template) } : {};
  const path = template === '' ? PREFIX : `${PREFIX}/${template}`;
  registry.registerPath({ ...rest, method: 'get', path, request: { ...params, ...rest.request } });
}

function registerResources(registry: Registry): void {
  each(COLLECTIONS, (resource, template) => {
    const component = componentName(RESOURCE_TYPES[resource].singular);
    get(registry, template, {
      tags: [resource],
      request: { query: collectionQuery(resource) },
      responses: jsonResponses(envelopeSchema(resource, component, true)),
    });
  });
  each(SINGLES, (resource, template) => {
    const component = componentName(RESOURCE_TYPES[resource].singular);
    get(registry, template, {
      tags: [resource],
      responses: jsonResponses(envelopeSchema(resource, component, false)),
    });
    if (methodNames(resource).length > 0) registerCalls(registry, resource, template);
  });
}

function textResponses(type: string, description: string): Responses {
  return {
    200: { description, content: { [type]: { schema: { type: 'string' } } } },
    400: errorResponse('A parameter makes no sense.'),
    ...REFUSALS,
  };
}

function registerLogs(registry: Registry): void {
  const raw = {
    ...textResponses('text/plain', 'The raw bytes. The end of the body means that it is whole.'),
    416: errorResponse('The log has fewer bytes.'),
  };
  const rawQuery = z.object({
    offset: z.number().int().min(0).optional().meta({ description: 'First byte.' }),
    follow: z.enum(['0', '1']).optional().meta({ description: '1: go on until the log is complete.' }),
  });
  for (const template of [...RAW_LOGS, ...RAW_INLINE_LOGS]) {
    get(registry, template, { tags: ['logs'], request: { query: rawQuery }, responses: raw });
  }
  const contentsQuery = z.object({
    offset: z.number().int().min(0).optional().meta({ description: 'First line, from 0.' }),
    limit: z.number().int().min(0).optional().meta({ description: 'At most so many lines.' }),
  });
  for (const template of LOG_CONTENTS) {
    const responses = jsonResponses(envelopeSchema('logchunks', 'Logchunk', false));
    get(registry, template, { tags: ['logs'], request: { query: contentsQuery }, responses });
  }
}

interface OwnPath {
  template: string;
  plural: string;
  component: string;
  isCollection: boolean;
  summary: string;
}

/** Paths beside those of the resources. */
const OWN_PATHS: readonly OwnPath[] = [
  {
    template: '',
    plural: 'rootlinks',
    component: 'Rootlink',
    isCollection: true,
    summary: 'What there is.',
  },
  {
    template: 'application.spec',
    plural: 'specs',
    component: 'Spec',
    isCollection: true,
    summary: 'Fields of every resource, in the form of Buildbot itself.',
  },
  {
    template: 'status',
    plural: 'statuses',
    component: 'Status',
    isCollection: false,
    summary: 'How things stand now: one call for a first screen. Follow from event_number.',
  },
  {
    template: 'buildsets/{bsid}/summary',
    plural: 'summaries',
    component: 'Summary',
    isCollection: false,
    summary: 'One build set with all below it: one call for the screen of a try. Follow from event_number.',
  },
  ...BUILD_SUMMARIES.map((template) => ({
    template,
    plural: 'build_summaries',
    component: 'BuildSummary',
    isCollection: false,
    summary:
      'One build with all below it, the heads of its logs and why it failed. Follow from event_number.',
  })),
  ...FAILURE_DIGESTS.map((template) => ({
    template,
    plural: 'failure_digests',
    component: 'FailureDigest',
    isCollection: false,
    summary:
      'Why a build failed, and whose failure it is: failed steps with their tests, marks and lines of their logs.',
  })),
  {
    template: 'builders/{builder}/estimate',
    plural: 'estimates',
    component: 'Estimate',
    isCollection: false,
    summary: 'How long a build takes, from past successful ones.',
  },
];

function registerOwnPaths(registry: Registry): void {
  for (const { template, plural, component, isCollection, summary } of OWN_PATHS) {
    get(registry, template, {
      summary,
      responses: jsonResponses(envelopeSchema(plural, component, isCollection)),
    });
  }
}

function registerProperties(registry: Registry): void {
  each(PROPERTY_MAPS, (resource, template) =>
    get(registry, template, {
      tags: [resource],
      responses: jsonResponses(envelopeSchema('properties', 'Properties', false)),
    }),
  );
  each(PROPERTY_LISTS, (resource, template) =>
    get(registry, template, {
      tags: [resource],
      responses: jsonResponses(envelopeSchema('_properties', 'Property', false)),
    }),
  );
}

function registerEvents(registry: Registry): void {
  const eventsQuery = z.object({
    path: z.array(z.string()).meta({ description: 'Which events: components, each a text or *.' }),
    from: z
      .number()
      .int()
      .min(0)
      .optional()
      .meta({ description: 'Begin after this event number. Default: now.' }),
  });
  get(registry, 'events', {
    request: { query: eventsQuery },
    responses: textResponses(
      'text/event-stream',
      'ready, then {"k", "m", "n"} per event; resync when the position is gone.',
    ),
  });
}

/** Fill the application's registry and make the document. */
export function openApiDocument(app: OpenAPIHono<AppEnv>, title: string): object {
  const registry = app.openAPIRegistry;
  registerComponents(registry);
  registerResources(registry);
  registerLogs(registry);
  registerOwnPaths(registry);
  registerProperties(registry);
  registerEvents(registry);
  registerDoors(registry);
  registry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title, version: '2', description: DESCRIPTION },
    // Without one, too: whether that is enough is for the configuration to say.
    security: [{ token: [] }, {}],
  });
}

const DESCRIPTION =
  'Buildbot’s /api/v2 with additions. Every path answers below /api/latest too. Times are epoch seconds, those ending in _ms milliseconds.';
