/**
 * A try job: what a developer asks to be built, as it travels in a job file (spec/try-jobfile.md section 1). All of it is
 * the submitter's word; who they are and what they may do is decided elsewhere.
 */

import * as z from 'zod';
import { MAX_PRIORITY } from '../model/entities.ts';
import { FORBIDDEN_NAMES, type PropertyValue, RESERVED_PROPERTIES } from '../model/property.ts';
import { isPrintableLine, sanitizeName } from '../text/visible.ts';

/** One try job. Texts are well-formed and hold no NUL; `''` means that nothing was said. */
export interface TryJob {
  /** The client's own id, the same each time it sends the job: see `isJobId`. */
  jobId: string;
  /** `null` is the default branch. */
  branch: string | null;
  /** Revision that the patch is made against, in the words of its VCS; `null` is the newest of the branch. */
  baserev: string | null;
  /** Path components to strip from the patch's names, as `patch -p`: 0 to 32. */
  patchLevel: number;
  /** The patch as bytes, never empty; `null` builds the base as it is. */
  patch: Uint8Array | null;
  /** Where the working copy came from; often only a path on the developer's machine, so no more than a hint. */
  repository: string;
  project: string;
  /** Who the submitter says they are. Shown as author, never trusted. */
  who: string;
  /** Free text, may have several lines. */
  comment: string;
  /** Builders that are asked for, each once; none means all that the scheduler allows. */
  builderNames: string[];
  /** Name to JSON value; real clients send strings only. */
  properties: Record<string, PropertyValue>;
  /**
   * Id of the git tree that base plus patch must give, or `null` when the client did not say. Our own key: real Buildbot
   * ignores it. It lets the worker prove that it builds what the developer has.
   */
  tree: string | null;
  /**
   * What is asked for in place of the scheduler's priority, or `null`; whether it may be is for the scheduler to say. Our
   * own key.
   */
  priority: number | null;
  /** Program and version that made the job (`buildbot/0.1.0`), for the master's log, or `null`. Our own key. */
  client: string | null;
}

/** Most builders one job may name; no name at all asks for every builder. */
export const MAX_BUILDER_NAMES = 1000;
const MAX_PROPERTIES = 1000;
const MAX_PROPERTY_JSON = 65_536;
const MAX_PATCH_LEVEL = 32;

const JOB_ID = /^[A-Za-z0-9_][A-Za-z0-9._:@+=-]{0,199}$/;

/** True for an id of 1 to 200 letters, digits and `. _ : @ + = -` that does not begin with a dot, a dash or the like. */
export function isJobId(text: string): boolean {
  return JOB_ID.test(text);
}

const wellFormed = z
  .string()
  .refine((text) => text.isWellFormed(), 'half of a surrogate pair')
  .refine((text) => !text.includes('\0'), 'a NUL character');

/** One line to show; control characters, bidi controls and zero-width characters are refused, not cleaned. */
function line(maxLength: number) {
  return wellFormed.max(maxLength).refine(isPrintableLine, {
    error: (issue) =>
      `a control or invisible character in '${sanitizeName(String(issue.input), { maxLength: 80 })}'`,
  });
}

/** Text of several lines: newline, carriage return and tab are the only controls. */
function text(maxLength: number) {
  return wellFormed.max(maxLength).refine((value) => !/[^\P{Cc}\n\r\t]/u.test(value), 'a control character');
}

const textOrNull = (schema: z.ZodString) => schema.nullish().transform((value) => value ?? '');
const emptyIsNull = (schema: z.ZodString) => schema.nullish().transform((value) => (value ? value : null));

/** Python's `repr` of bytes, which clients of svn, hg and others wrote for years: `b'123'` (section 7). */
function withoutBytesRepr(revision: string): string {
  const inner = /^b(['"])(.*)\1$/s.exec(revision)?.[2];
  return (inner?.replace(/\\(.)/gs, (_, after: string) => (after === 'n' ? '\n' : after)) ?? revision).trim();
}

const patchLevel = z
  .union(
    [
      z.number(),
      z
        .string()
        .regex(/^\d{1,3}$/, 'not a number')
        .transform(Number),
    ],
    {
      error: 'not a whole number',
    },
  )
  .pipe(z.number().int().min(0).max(MAX_PATCH_LEVEL));

/** Real clients write `null` when they were given no `--builder`. */
const builderNames = z
  .array(line(200).min(1))
  .max(MAX_BUILDER_NAMES)
  .nullable()
  .transform((names) => [...new Set(names)]);

/** What is wrong with the name of a property, or undefined. */
function propertyNameProblem(name: string): string | undefined {
  const shown = `the property '${sanitizeName(name, { maxLength: 80 })}'`;
  if (RESERVED_PROPERTIES.has(name)) return `${shown} is set by the build and cannot be given`;
  const isFit = name !== '' && name.length <= 256 && isPrintableLine(name) && !FORBIDDEN_NAMES.has(name);
  return isFit
    ? undefined
    : `${shown} has a name that is not allowed: expected 1 to 256 printable characters`;
}

const propertyValue = z.json().superRefine((value, context) => {
  const problem = propertyProblem(value);
  if (problem !== undefined) context.addIssue(problem);
});

/** Numbers that JSON carries but JavaScript does not, and texts that are none. The depth is bounded by `guardJson`. */
function propertyProblem(value: PropertyValue): string | undefined {
  const json = JSON.stringify(value);
  if (json.length > MAX_PROPERTY_JSON) return `a value of more than ${MAX_PROPERTY_JSON} characters`;
  // `JSON.stringify` writes half a surrogate pair as an escape, and nothing else that begins with \ud.
  if (/(?<!\\)(?:\\\\)*\\(?:ud[89a-f]|u0000)/.test(json))
    return 'half of a surrogate pair or a NUL character';
  return hasInexactNumber(value) ? 'a number too large to be exact' : undefined;
}

function hasInexactNumber(value: PropertyValue): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(hasInexactNumber);
}

const properties = z
  .record(z.string(), propertyValue)
  .superRefine((all, context) => {
    const names = Object.keys(all);
    if (names.length > MAX_PROPERTIES) context.addIssue(`more than ${MAX_PROPERTIES} properties`);
    const problem = names.map(propertyNameProblem).find((found) => found !== undefined);
    if (problem !== undefined) context.addIssue(problem);
  })
  .nullish()
  .transform((all) => all ?? {});

/** A job file's fields under their own names, but for the patch. Keys that nobody knows are left out. */
export const tryJobFieldsSchema = z
  .object({
    jobid: z.string().regex(JOB_ID, 'not a job id: expected 1 to 200 of A-Z a-z 0-9 . _ : @ + = -'),
    branch: emptyIsNull(line(1024)),
    // Darcs gives its whole context, of several lines, as the revision.
    baserev: emptyIsNull(text(65_536)).transform(
      (revision) => (revision && withoutBytesRepr(revision)) || null,
    ),
    patch_level: patchLevel,
    repository: textOrNull(line(4096)),
    project: textOrNull(line(1024)),
    who: textOrNull(line(1024)),
    comment: textOrNull(text(65_536)),
    builderNames,
    properties,
    tree: z
      .string()
      .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'not the id of a git tree')
      .nullish()
      .transform((id) => id ?? null),
    priority: z
      .number()
      .int('not a whole number')
      .min(-MAX_PRIORITY)
      .max(MAX_PRIORITY)
      .nullish()
      .transform((priority) => priority ?? null),
    client: line(200)
      .nullish()
      .transform((name) => name ?? null),
  })
  .transform(
    ({ jobid, patch_level, ...rest }): Omit<TryJob, 'patch'> => ({
      jobId: jobid,
      patchLevel: patch_level,
      ...rest,
    }),
  );
