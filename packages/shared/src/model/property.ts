/**
 * Properties: named values that flow change -> build set -> build -> step. A later source wins. Secrets are never
 * properties.
 */
import * as z from 'zod';

/** Names that would reach JavaScript's own object machinery. They are refused at every door. */
export const FORBIDDEN_NAMES: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

/** A property's name: 1 to 256 characters, no control characters. */
export const propertyNameSchema = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\p{Cc}]+$/u, 'a property name must not contain control characters')
  .refine((name) => !FORBIDDEN_NAMES.has(name), 'this property name is reserved');

/** Any JSON value. */
export const propertyValueSchema = z.json();

/** A value and where it came from (`try build`, `Scheduler`, `Builder`, `Build`, …): Buildbot's `[value, source]`. */
const propertySchema = z.tuple([propertyValueSchema, z.string().max(256)]);

export type PropertyValue = z.infer<typeof propertyValueSchema>;
export type Property = z.infer<typeof propertySchema>;

/** Name to `[value, source]`. */
export const propertiesSchema = z.record(propertyNameSchema, propertySchema);
export type Properties = z.infer<typeof propertiesSchema>;

/** Properties that describe the build itself; a try job may not set them. */
export const RESERVED_PROPERTIES: ReadonlySet<string> = new Set([
  'branch',
  'builderid',
  'buildername',
  'builddir',
  'basedir',
  'buildnumber',
  'codebase',
  'got_revision',
  'owner',
  'owners',
  'project',
  'repository',
  'revision',
  'scheduler',
  'workername',
]);
