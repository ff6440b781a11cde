/**
 * Files kept by Git LFS. The tree holds a pointer of some 130 bytes, and a patch of pointers looks complete while the
 * content never left the developer's disk. (Format: git-lfs `docs/spec.md`.)
 */

import { displayPaths, nulSeparated, nulTerminated, type RawPath } from '../raw-path.ts';
import { Refused } from '../refused.ts';
import type { Git } from './command.ts';
import type { RawChange } from './difference.ts';

const POINTER_START = Buffer.from('version https://git-lfs.github.com/spec/');

/** The specification's limit. */
const POINTER_MAX_BYTES = 1024;

/** @throws Refused when the change brings a pointer that the base does not hold. */
export async function checkLfsContent(
  git: Git,
  {
    base,
    changes,
    sizes,
  }: { base: string; changes: readonly RawChange[]; sizes: ReadonlyMap<string, number> },
): Promise<void> {
  const small = changes.filter(({ id }) => (sizes.get(id) ?? POINTER_MAX_BYTES) < POINTER_MAX_BYTES);
  const kept = await keptByLfs(git, small);
  const pointers: RawChange[] = [];
  for (const change of kept) {
    const content = await git.read(['cat-file', 'blob', change.id]);
    if (content.subarray(0, POINTER_START.length).equals(POINTER_START)) pointers.push(change);
  }
  if (pointers.length === 0) return;
  const known = await idsOf(git, base);
  const missing = pointers.filter(({ id }) => !known.has(id)).map(({ path }) => path);
  if (missing.length === 0) return;
  throw new Refused(
    `Git LFS keeps the new content of ${displayPaths(missing)}, so a patch cannot carry it`,
    'commit and push it first, or leave it out with a pathspec',
  );
}

/** Attributes are those of the snapshot itself, not of the files on disk. */
async function keptByLfs(git: Git, changes: readonly RawChange[]): Promise<RawChange[]> {
  if (changes.length === 0) return [];
  const input = nulTerminated(changes.map(({ path }) => path));
  const output = await git.read(['check-attr', '--cached', '-z', '--stdin', 'filter'], { input });
  const fields = nulSeparated(output);
  const lfs = new Set<RawPath>();
  for (let at = 0; at + 2 < fields.length; at += 3) if (fields[at + 2] === 'lfs') lfs.add(fields[at] ?? '');
  return changes.filter(({ path }) => lfs.has(path));
}

async function idsOf(git: Git, commit: string): Promise<Set<string>> {
  const output = await git.read(['ls-tree', '-r', '-z', commit]);
  return new Set(nulSeparated(output).map((record) => record.split(/[ \t]/, 3)[2] ?? ''));
}
