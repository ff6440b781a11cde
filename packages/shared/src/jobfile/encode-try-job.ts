/**
 * Writes try job files as Buildbot's own client does (spec/try-jobfile.md section 1): version 5, or 6 when the patch is not
 * UTF-8. The JSON is ASCII, so that readers which count characters and readers which count bytes agree.
 */

import { encodeNetstrings } from './netstring.ts';
import type { TryJob } from './try-job.ts';

/** The bytes of the job file. Our own keys are written only when they say something. */
export function encodeTryJob(job: TryJob): Uint8Array {
  const patch = job.patch ?? new Uint8Array();
  const text = asUtf8(patch);
  const body =
    text === undefined ? { patch_body_base64: asBase64(patch) } : { patch_body: text === '' ? null : text };
  const json = {
    jobid: job.jobId,
    branch: job.branch ?? '',
    baserev: job.baserev ?? '',
    patch_level: job.patchLevel,
    repository: job.repository,
    project: job.project,
    who: job.who === '' ? null : job.who,
    comment: job.comment === '' ? null : job.comment,
    builderNames: job.builderNames,
    properties: job.properties,
    ...(job.tree === null ? {} : { tree: job.tree }),
    ...(job.priority === null ? {} : { priority: job.priority }),
    ...(job.client === null ? {} : { client: job.client }),
    ...body,
  };
  const encoder = new TextEncoder();
  return encodeNetstrings([encoder.encode(text === undefined ? '6' : '5'), encoder.encode(asciiJson(json))]);
}

function asUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function asBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

function asciiJson(value: object): string {
  return JSON.stringify(value).replace(/[\u007f-\uffff]/g, (unit) => {
    return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
