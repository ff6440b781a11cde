/** The resources this API speaks of: those of the store and others, each with its names, schema and kinds of fields. */
import {
  ABSENT_RESOURCES,
  forceSchedulerResourceSchema,
  RESOURCES,
  type ResourceName,
} from '@buildbot/shared';
import type * as z from 'zod';
import { type Fields, fieldsOf } from './query/fields.ts';

/** Resources that are read like those of the store, though they are not in it. */
const ALL = { ...RESOURCES, ...ABSENT_RESOURCES, forceschedulers: forceSchedulerResourceSchema };

/** What stands in a path and as the key of an answer. */
export type Plural = keyof typeof ALL;
/** One object of a resource as it travels. */
export type RowOf<P extends Plural> = z.infer<(typeof ALL)[P]>;

const SINGULAR: Record<Plural, string> = {
  masters: 'master',
  builders: 'builder',
  workers: 'worker',
  schedulers: 'scheduler',
  changes: 'change',
  sourcestamps: 'sourcestamp',
  buildsets: 'buildset',
  buildrequests: 'buildrequest',
  builds: 'build',
  steps: 'step',
  logs: 'log',
  test_result_sets: 'test_result_set',
  test_results: 'test_result',
  logchunks: 'logchunk',
  estimates: 'estimate',
  forceschedulers: 'forcescheduler',
  projects: 'project',
  codebases: 'codebase',
  branches: 'branch',
  commits: 'commit',
  changesources: 'changesource',
  build_data: 'build_data',
};

export interface ResourceType {
  plural: Plural;
  singular: string;
  schema: z.ZodObject;
  fields: Fields;
}

function typeOf(plural: Plural): ResourceType {
  const schema: z.ZodObject = ALL[plural];
  return { plural, singular: SINGULAR[plural], schema, fields: fieldsOf(schema) };
}

/** Every resource by its plural. */
export const RESOURCE_TYPES = Object.fromEntries(
  (Object.keys(ALL) as Plural[]).map((plural) => [plural, typeOf(plural)]),
) as Readonly<Record<Plural, ResourceType>>;

/** Whether there is never one of it. */
export function isAbsent(plural: Plural): boolean {
  return plural in ABSENT_RESOURCES;
}

/** Whether the store answers for it. */
export function isStored(plural: Plural): plural is ResourceName {
  return plural in RESOURCES;
}
