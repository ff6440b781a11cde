/** What the API says of itself in Buildbot's own form: the root links and `application.spec`. */

import type { FieldKind } from './query/fields.ts';
import { type Plural, RESOURCE_TYPES } from './resources.ts';
import { COLLECTIONS } from './routes/paths.ts';

const TYPE_NAMES: Record<FieldKind, string> = {
  integer: 'integer',
  boolean: 'boolean',
  string: 'string',
  integers: 'list',
  strings: 'list',
  nested: 'object',
};

interface FieldSpec {
  name: string;
  type: string;
  type_spec: { type: string };
}

export interface ResourceSpec {
  path: string;
  type: string;
  plural: string;
  type_spec: { type: string; fields: FieldSpec[] };
}

/** Plurals that have a collection of their own at the root. */
function rootCollections(): Plural[] {
  return COLLECTIONS.filter(({ resource, paths }) => paths.includes(resource)).map(
    ({ resource }) => resource,
  );
}

export function rootLinks(): { name: string }[] {
  return [...rootCollections(), 'logchunks'].map((name) => ({ name }));
}

function specOf(plural: Plural): ResourceSpec {
  const { singular, fields } = RESOURCE_TYPES[plural];
  return {
    path: plural,
    type: singular,
    plural,
    type_spec: {
      type: singular,
      fields: [...fields].map(([name, kind]) => ({
        name,
        type: TYPE_NAMES[kind],
        type_spec: { type: TYPE_NAMES[kind] },
      })),
    },
  };
}

/** One specification per resource. */
export function applicationSpec(): ResourceSpec[] {
  return (Object.keys(RESOURCE_TYPES) as Plural[]).map(specOf);
}
