/**
 * Reads Buildbot's try job files, versions 1 to 6 (spec/try-jobfile.md section 1), from bytes that anyone may have written:
 * whatever they are, the answer is a job or one sentence, and a job is only what the file says beyond doubt
 * (reliability.md section 5, bad inputs 1-14).
 */

import { check } from '../protocol/codec.ts';
import { sanitizeName } from '../text/visible.ts';
import { guardJson } from './json-guard.ts';
import { parseNetstrings } from './netstring.ts';
import { MAX_BUILDER_NAMES, type TryJob, tryJobFieldsSchema } from './try-job.ts';

/** Largest job file taken by default: 50 MB, where Buildbot takes 99,999 bytes. */
const MAX_JOB_BYTES = 52_428_800;

/** The format versions that are read. 5 carries the patch as text, 6 as base64. */
export type TryJobVersion = 1 | 2 | 3 | 4 | 5 | 6;

/** A job and the version it was written in, or why there is none. */
export type ParsedTryJob = { ok: true; job: TryJob; version: TryJobVersion } | { ok: false; reason: string };

/** The fields of versions 1 to 4 in their order; whatever follows are builder names. `patch_body` is bytes, the rest text. */
const POSITIONAL: Readonly<Record<1 | 2 | 3 | 4, readonly string[]>> = {
  1: ['jobid', 'branch', 'baserev', 'patch_level', 'patch_body'],
  2: ['jobid', 'branch', 'baserev', 'patch_level', 'patch_body', 'repository', 'project'],
  3: ['jobid', 'branch', 'baserev', 'patch_level', 'patch_body', 'repository', 'project', 'who'],
  4: ['jobid', 'branch', 'baserev', 'patch_level', 'patch_body', 'repository', 'project', 'who', 'comment'],
};
const MAX_NETSTRINGS = 10 + MAX_BUILDER_NAMES;

/** The fields as the file has them, not yet checked, and the patch. */
type RawJob =
  | { ok: true; fields: Record<string, unknown>; patch: Uint8Array }
  | { ok: false; reason: string };

/** Reads a whole job file. Never throws. */
export function parseTryJob(bytes: Uint8Array, options: { maxBytes?: number } = {}): ParsedTryJob {
  const maxBytes = options.maxBytes ?? MAX_JOB_BYTES;
  if (bytes.length === 0) return failure('the job file is empty');
  if (bytes.length > maxBytes) return failure(`${bytes.length} bytes are more than the ${maxBytes} allowed`);
  const netstrings = parseNetstrings(bytes, { maxCount: MAX_NETSTRINGS });
  if (!netstrings.ok) return netstrings;
  const [first = new Uint8Array(), ...rest] = netstrings.values;
  const version = readVersion(first);
  if (version === undefined) return failure(`unknown version '${excerpt(first)}': expected 1 to 6`);
  const raw = version === 5 || version === 6 ? readJson(version, rest) : readPositional(version, rest);
  if (!raw.ok) return raw;
  const fields = check(tryJobFieldsSchema, raw.fields);
  if (!fields.ok) return fields;
  return { ok: true, version, job: { ...fields.value, patch: raw.patch.length === 0 ? null : raw.patch } };
}

/** One byte, `1` to `6`. Buildbot compares versions as text, so that `''` and `-1` count as old ones. */
function readVersion(bytes: Uint8Array): TryJobVersion | undefined {
  const versions: readonly TryJobVersion[] = [1, 2, 3, 4, 5, 6];
  return bytes.length === 1 ? versions.find((version) => bytes[0] === 0x30 + version) : undefined;
}

function readPositional(version: 1 | 2 | 3 | 4, values: Uint8Array[]): RawJob {
  const names = POSITIONAL[version];
  if (values.length < names.length) {
    return failure(`version ${version} has ${names.length} fields, but '${names[values.length]}' is missing`);
  }
  const fields: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) {
    if (name === 'patch_body') continue;
    const text = decodeUtf8(values[index]);
    if (text === undefined) return failure(`${name}: not UTF-8`);
    fields[name] = text;
  }
  const builders = values.slice(names.length).map(decodeUtf8);
  if (builders.includes(undefined)) return failure('builderNames: not UTF-8');
  const patch = values[names.indexOf('patch_body')] ?? new Uint8Array();
  return { ok: true, fields: { ...fields, builderNames: builders }, patch };
}

function readJson(version: 5 | 6, values: Uint8Array[]): RawJob {
  const [json, ...more] = values;
  if (json === undefined) return failure(`version ${version} has one JSON object, but none is there`);
  if (more.length > 0) return failure(`${more.length} more netstrings than version ${version} has`);
  const suspicion = guardJson(json);
  if (suspicion !== undefined) return failure(`the JSON object: ${suspicion}`);
  const fields = parseJson(json);
  if (typeof fields === 'string') return failure(fields);
  const patch = version === 5 ? readPatchText(fields) : readPatchBase64(fields);
  return typeof patch === 'string' ? failure(patch) : { ok: true, fields, patch };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> | string {
  const text = decodeUtf8(bytes);
  if (text === undefined) return 'the JSON object is not UTF-8';
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The engine's own message quotes the text, which may be anything.
    return 'not JSON';
  }
  return isObject(value) ? value : 'expected a JSON object';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The patch, or why not. A file that has the other version's key, or none, would else pass as one without changes. */
function readPatchText(fields: Record<string, unknown>): Uint8Array | string {
  const { patch_body: body, patch_body_base64: other } = fields;
  if (other !== undefined) return 'patch_body_base64: belongs to version 6';
  if (body === null) return new Uint8Array();
  if (typeof body !== 'string') return 'patch_body: expected text or null';
  return body.isWellFormed() ? new TextEncoder().encode(body) : 'patch_body: half of a surrogate pair';
}

function readPatchBase64(fields: Record<string, unknown>): Uint8Array | string {
  const { patch_body_base64: body, patch_body: other } = fields;
  if (other !== undefined) return 'patch_body: belongs to version 5';
  if (body === null) return new Uint8Array();
  if (typeof body !== 'string') return 'patch_body_base64: expected text or null';
  // Buffer skips what it does not know, so a damaged patch would come out as another patch.
  if (body.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(body)) return 'patch_body_base64: not base64';
  return new Uint8Array(Buffer.from(body, 'base64'));
}

function decodeUtf8(bytes: Uint8Array | undefined): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function excerpt(bytes: Uint8Array): string {
  return sanitizeName(new TextDecoder().decode(bytes.subarray(0, 40)), { maxLength: 20 });
}

function failure(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
