/**
 * `--diff FILE|-`: a change that comes as a diff instead of from a working copy. What the diff lacks (binary content, a
 * colourless form, readable headers) is found here, before anything is sent.
 */

import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { checkPatch, type PatchFile } from '@buildbot/shared';
import {
  DEFAULT_MAX_PATCH_BYTES,
  type FileChange,
  type Refusal,
  type SnapshotFile,
  type TrySource,
} from './port.ts';

export interface GivenDiffOptions {
  readonly baseRevision?: string | undefined;
  readonly branch?: string | undefined;
  readonly repository?: string | undefined;
  readonly vcs?: string | undefined;
  /** As `--patchlevel`. Unless given: 1 for a diff in git's format with its `a/` and `b/`, else 0, as Buildbot has it. */
  readonly patchLevel?: number | undefined;
  readonly maxPatchBytes?: number | undefined;
}

export type GivenDiffOutcome = { readonly ok: true; readonly source: TrySource } | Refusal;

/** What `--diff` names: `-` is standard input. */
export interface DiffPlace {
  readonly name: string;
  readonly cwd: string;
  readonly stdin: AsyncIterable<Uint8Array>;
}

/** Named in place of a diff: it asks for a build of the base alone. */
const NO_CHANGE = '/dev/null';
const EMPTY_HINT = `did what makes it fail? To build the base alone, say so: --diff ${NO_CHANGE}`;

/** Reads the diff and makes a source of it. Reading ends at the limit, however much more there is. */
export async function readGivenDiff(place: DiffPlace, options: GivenDiffOptions): Promise<GivenDiffOutcome> {
  const max = options.maxPatchBytes ?? DEFAULT_MAX_PATCH_BYTES;
  try {
    const stream = place.name === '-' ? place.stdin : createReadStream(resolve(place.cwd, place.name));
    const bytes = await readUpTo(stream, max + 1);
    if (bytes.length === 0 && place.name !== NO_CHANGE) return refuse('the diff is empty', EMPTY_HINT);
    return sourceOfDiff(bytes, options);
  } catch (error) {
    const reason = whyUnreadable(error);
    if (reason === null) throw error;
    return refuse(`${place.name} ${reason}`, 'name a file with a diff, or use - for standard input');
  }
}

async function readUpTo(stream: AsyncIterable<Uint8Array>, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= limit) break;
  }
  return Buffer.concat(chunks);
}

function whyUnreadable(error: unknown): string | null {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EISDIR':
      return 'is a folder';
    case 'EACCES':
      return 'must not be read by you';
    default:
      return null;
  }
}

/** Of a diff that was read; an empty one is the base alone. */
export function sourceOfDiff(bytes: Uint8Array, options: GivenDiffOptions): GivenDiffOutcome {
  const max = options.maxPatchBytes ?? DEFAULT_MAX_PATCH_BYTES;
  const level = options.patchLevel ?? usualLevel(bytes);
  const refusal = checkSize(bytes, max) ?? checkEncoding(bytes) ?? checkLevel(level);
  if (refusal !== null) return refusal;
  const checked = checkPatch(bytes, { level });
  if (!checked.ok) return refuse(`the diff cannot be sent: ${checked.reason}`, HINT);
  const files = checked.files.map(describe);
  return {
    ok: true,
    source: {
      vcs: options.vcs ?? null,
      repository: options.repository ?? null,
      branch: options.branch ?? null,
      baseRevision: options.baseRevision ?? null,
      patch: bytes.length === 0 ? null : bytes,
      patchLevel: level,
      tree: null,
      files,
      leftOut: [],
      stats: {
        files: files.length,
        untracked: 0,
        binary: files.filter((file) => file.binary).length,
        patchBytes: bytes.length,
      },
    },
  };
}

const HINT =
  'git diff --binary --full-index --no-color makes one that can; --patchlevel says how many folders to strip';

function refuse(reason: string, hint: string): Refusal {
  return { ok: false, reason, hint };
}

/** Only the beginning is looked at: a diff is of one kind throughout. */
function usualLevel(bytes: Uint8Array): number {
  const start = Buffer.from(bytes.subarray(0, 64 * 1024)).toString('latin1');
  return /^diff --git "?a\//m.test(start) ? 1 : 0;
}

function checkSize(bytes: Uint8Array, max: number): Refusal | null {
  if (bytes.length <= max) return null;
  const limit = `${(max / 1024 / 1024).toFixed(1)} MiB`;
  return refuse(`the diff is larger than ${limit}`, 'push a commit and send the difference to it');
}

/** Windows PowerShell redirects text as UTF-16, and git's answer to that would be *no valid patches in input*. */
function checkEncoding(bytes: Uint8Array): Refusal | null {
  const [first, second] = bytes;
  const isUtf16 = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  return isUtf16
    ? refuse('the diff is UTF-16 text', 'in PowerShell write it with git diff --output=FILE')
    : null;
}

function checkLevel(level: number): Refusal | null {
  if (Number.isSafeInteger(level) && level >= 0) return null;
  return refuse(`${level} is no patch level`, 'give the number of leading folders to strip, 0 or more');
}

const SIGNS: Readonly<Record<PatchFile['change'], FileChange>> = {
  added: '+',
  copied: '+',
  modified: '~',
  deleted: '-',
  renamed: '→',
};

function describe({ path, from, change, binary }: PatchFile): SnapshotFile {
  const known = {
    path,
    change: SIGNS[change],
    binary,
    untracked: false,
    bytes: change === 'deleted' ? 0 : null,
  };
  return from === undefined ? known : { ...known, from };
}
