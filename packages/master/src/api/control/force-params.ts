/**
 * Parameters of `force` on a force scheduler: Buildbot's form fields under their own names, every other name a property
 * of the build set. Fields that the web form always sends and this master has no use for are taken and left.
 */
import { FORBIDDEN_NAMES, propertyNameSchema, RESERVED_PROPERTIES } from '@buildbot/shared';
import * as z from 'zod';
import type { ForceInput } from '../../ports/control.ts';
import { INVALID_PARAMS, RpcFailure } from './json-rpc.ts';

const text = z.string().max(4096);
const optionalText = text.nullish().transform((value) => value || null);
const builderId = z.union([
  z.number().int().positive(),
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number),
]);

/** Who asks is known otherwise; but the form of Buildbot's web UI shows this text at the field. */
const userName = text.refine(
  (name) => name === '' || /[^\s@<>]@[^\s@<>]/.test(name),
  "please fill in email address in the form 'User <email@email.com>'",
);

const fieldsSchema = z.object({
  username: userName.nullish(),
  builderid: builderId.nullish(),
  builderNames: z.array(z.string()).max(1000).nullish(),
  reason: optionalText,
  branch: optionalText,
  revision: optionalText,
  repository: optionalText,
  project: optionalText,
  priority: z
    .union([
      z.number().int(),
      z
        .string()
        .regex(/^-?\d{1,9}$/)
        .transform(Number),
    ])
    .nullish(),
});

/** Names that are no properties: the form's own, and those the server fills in itself. */
const NOT_PROPERTIES: ReadonlySet<string> = new Set([
  ...Object.keys(fieldsSchema.shape),
  'owner',
  'idempotency_key',
]);

/** What `force` asks for, builders still by name where they were given by name. */
export interface ForceRequest {
  builderNames: string[];
  input: ForceInput;
}

/** Failure of a form: field to text, as the form shows it. */
export function formFailure(problems: Record<string, string>): RpcFailure {
  return new RpcFailure(400, INVALID_PARAMS, problems);
}

/** The first complaint about each field. */
export function complaints(error: z.ZodError): Record<string, string> {
  const problems: Record<string, string> = {};
  for (const { path, message } of error.issues) {
    const field = String(path[0] ?? 'params');
    problems[field] ??= `${field}: ${message}`;
  }
  return problems;
}

function propertiesOf(params: Record<string, unknown>): Record<string, unknown> {
  const names = Object.keys(params).filter((name) => !NOT_PROPERTIES.has(name));
  const refused = names.filter((name) => RESERVED_PROPERTIES.has(name) || FORBIDDEN_NAMES.has(name));
  const bad = [...refused, ...names.filter((name) => !propertyNameSchema.safeParse(name).success)];
  if (bad.length > 0) {
    throw formFailure(Object.fromEntries(bad.map((name) => [name, `${name}: this property cannot be set`])));
  }
  return Object.fromEntries(names.map((name) => [name, params[name]]));
}

/** Throws `RpcFailure` with a text per field that is wrong. */
export function parseForce(params: Record<string, unknown>): ForceRequest {
  const parsed = fieldsSchema.safeParse(params);
  if (!parsed.success) throw formFailure(complaints(parsed.error));
  const { builderid, builderNames, reason, branch, revision, repository, project, priority } = parsed.data;
  return {
    builderNames: builderNames ?? [],
    input: {
      builderIds: builderid === null || builderid === undefined ? [] : [builderid],
      reason: reason ?? 'force build',
      branch,
      revision,
      repository: repository ?? '',
      project: project ?? '',
      properties: propertiesOf(params),
      priority: priority ?? null,
    },
  };
}
