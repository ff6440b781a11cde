/**
 * The difference between the base and the snapshot's tree: the patch, byte for byte what `git apply --index -p1` needs
 * to make the tree, and the list of files for people.
 *
 * `diff-tree` is plumbing and reads few settings; the flags switch off the rest. Renames are detected: `git apply`
 * carries them out exactly, and a moved 20 MB file costs three lines, where deletion and creation would cost it twice.
 */

import { displayPath, nulSeparated, type RawPath, rawPathOf } from '../raw-path.ts';
import { Refused } from '../refused.ts';
import { settleAll } from '../settle-all.ts';
import type { Git } from './command.ts';

/** One record of `git diff-tree --raw`: see git-diff-tree(1), "Raw output format". */
export interface RawChange {
  readonly path: RawPath;
  /** Path before the rename. */
  readonly from: RawPath | null;
  /** `A` new, `D` deleted, `M` changed, `T` of another kind, `R` renamed. */
  readonly letter: string;
  /** Six octal digits; 000000 when deleted, 160000 for a submodule. */
  readonly mode: string;
  readonly id: string;
}

export interface Difference {
  readonly changes: readonly RawChange[];
  readonly patch: Buffer | null;
  /** Paths whose content git takes for binary. */
  readonly binary: ReadonlySet<RawPath>;
}

/** What is compared: the same for each question, or the answers would not fit one another. */
const SCOPE = ['-r', '-z', '--ignore-submodules=none', '--no-relative'];

const RENAMES = ['--find-renames=50%', '-l1000'];
const NO_RENAMES = ['--no-renames'];

const PATCH = [
  '--raw',
  '--no-abbrev',
  '--patch',
  '--binary',
  '--full-index',
  '--unified=3',
  '--inter-hunk-context=0',
  '--diff-algorithm=myers',
  '--submodule=short',
  '--src-prefix=a/',
  '--dst-prefix=b/',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
];

/** Room for the list of files, which comes before the patch in the same output: some 200,000 files. */
const LIST_BYTES = 32 * 1024 * 1024;

/** What to compare: a commit, a tree, and how large a patch may come of it. */
export interface Comparison {
  readonly base: string;
  readonly tree: string;
  readonly maxPatchBytes: number;
}

/** @throws PatchTooLarge */
export async function readDifference(git: Git, comparison: Comparison): Promise<Difference> {
  const difference = await readPaired(git, comparison, RENAMES);
  return isPairedBadly(difference.changes) ? readPaired(git, comparison, NO_RENAMES) : difference;
}

/**
 * The patch of a mere rename does not say that it is a link that moves. So when a folder takes its place, `git apply`
 * takes the files in there for files behind a link, and refuses them.
 */
function isPairedBadly(changes: readonly RawChange[]): boolean {
  const movedLinks = changes.flatMap(({ from, mode }) =>
    from !== null && mode === LINK ? [`${from}/`] : [],
  );
  return movedLinks.some((folder) => changes.some(({ path }) => path.startsWith(folder)));
}

async function readPaired(
  git: Git,
  { base, tree, maxPatchBytes }: Comparison,
  pairing: readonly string[],
): Promise<Difference> {
  const args = ['diff-tree', ...SCOPE, ...pairing, ...PATCH, base, tree];
  const [output, counts] = await settleAll([
    git.run(args, { maxBytes: maxPatchBytes + LIST_BYTES }),
    git.read(['diff-tree', ...SCOPE, ...pairing, '--numstat', '--no-ext-diff', '--no-textconv', base, tree]),
  ]);
  const isCut = output.status === null;
  if (output.status !== 0 && !isCut) throw git.failure(args, output);
  const { changes, patch } = splitOutput(output.stdout);
  if (isCut || patch.length > maxPatchBytes) throw new PatchTooLarge(changes);
  return { changes, patch: patch.length === 0 ? null : patch, binary: parseBinary(counts) };
}

/** Carries what is known of the change, for a refusal that names the largest files. */
export class PatchTooLarge extends Error {
  readonly changes: readonly RawChange[];

  constructor(changes: readonly RawChange[]) {
    super('patch too large');
    this.changes = changes;
  }
}

/** `:oldmode mode oldid id letter NUL path NUL [path NUL]`, repeated, an empty record, the patch. May be cut anywhere. */
export function splitOutput(output: Buffer): { changes: RawChange[]; patch: Buffer } {
  const changes: RawChange[] = [];
  let position = 0;
  const next = (): string => {
    const end = output.indexOf(0, position);
    const record = rawPathOf(output.subarray(position, end === -1 ? output.length : end));
    position = end === -1 ? output.length : end + 1;
    return record;
  };
  while (output[position] === COLON) {
    const [, mode = '', , id = '', letter = ''] = next().split(' ');
    const first = next();
    const [from, path] = letter.startsWith('R') ? [first, next()] : [null, first];
    changes.push({ path, from, letter: letter.charAt(0), mode, id });
  }
  return { changes, patch: output.subarray(position + 1) };
}

const COLON = ':'.charCodeAt(0);

/** `added TAB deleted TAB path NUL`, or with an empty path and then old and new path; `-` counts mean binary. */
export function parseBinary(numstat: Buffer): Set<RawPath> {
  const binary = new Set<RawPath>();
  const records = nulSeparated(numstat).values();
  for (const record of records) {
    const [added, deleted, ...rest] = record.split('\t');
    const path = rest.join('\t');
    const isPair = deleted !== undefined && path === '';
    if (isPair) records.next();
    const name = isPair ? (records.next().value ?? '') : path;
    if (added === '-' && deleted === '-') binary.add(name);
  }
  return binary;
}

/** Sizes of stored files by id; an id git does not have is left out. */
export async function readSizes(git: Git, ids: readonly string[]): Promise<Map<string, number>> {
  if (ids.length === 0) return new Map();
  const input = Buffer.from(`${ids.join('\n')}\n`);
  const output = await git.read(['cat-file', '--batch-check=%(objectname) %(objectsize)', '--buffer'], {
    input,
  });
  const lines = output.toString().split('\n').filter(Boolean);
  return new Map(
    lines.flatMap((line): [string, number][] => {
      const [id = '', size = ''] = line.split(' ');
      return /^\d+$/.test(size) ? [[id, Number(size)]] : [];
    }),
  );
}

/** Ids of the files that the change brings; deleted files and submodules have none. */
export function newFileIds(changes: readonly RawChange[]): string[] {
  return changes.filter(({ mode }) => mode !== '000000' && mode !== GITLINK).map(({ id }) => id);
}

/** The mode of a submodule. */
export const GITLINK = '160000';

const LINK = '120000';

/** The refusal for a patch over the limit, with the files that weigh most. */
export function tooLarge(
  weights: readonly { path: RawPath; bytes: number }[],
  maxPatchBytes: number,
): Refused {
  const largest = [...weights].sort((a, b) => b.bytes - a.bytes).slice(0, 3);
  const named = largest.map(({ path, bytes }) => `${displayPath(path)} (${mebibytes(bytes)})`).join(', ');
  return new Refused(
    `the change is larger than ${mebibytes(maxPatchBytes)}; largest: ${named}`,
    'add what does not belong to .gitignore, name the paths to send, or push a commit first',
  );
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
