/** Test support: what a folder looks like, name for name and byte for byte, and the trace a command leaves in it. */

import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A path with one character per byte, because names need not be valid text. */
type RawPath = string;

function absoluteBytes(folder: string, path: RawPath): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(path, 'latin1')]);
}

/**
 * Kind, execution right and content of each file by path; folders only through their files. `.git` is left out, and so
 * is the inside of other repositories.
 */
export function filesOnDisk(
  folder: string,
  options: { skip: ReadonlySet<RawPath> },
): Record<RawPath, string> {
  const found: Record<RawPath, string> = {};
  walk(folder, '', (path, kind) => {
    if (path === '.git' || options.skip.has(path) || isRepository(folder, path, kind)) return false;
    if (kind !== 'folder') found[path] = describeFile(absoluteBytes(folder, path));
    return true;
  });
  return found;
}

/**
 * Everything below `folder` with time of change, size and content. Stored objects and the shared half of a split index
 * are listed without their time: git dates them anew whenever it comes across one, so that no clean-up takes it away.
 */
export function traceOf(folder: string): Record<RawPath, string> {
  const found: Record<RawPath, string> = {};
  walk(folder, '', (path, kind) => {
    const absolute = absoluteBytes(folder, path);
    const { mtimeNs, mode, ino } = lstatSync(absolute, { bigint: true });
    const time = /\/sharedindex\.|\/objects\/(pack|[0-9a-f]{2})\/./.test(path) ? 'any' : mtimeNs;
    if (path !== 'tmp')
      found[path] = `${mode} ${ino} ${time} ${kind === 'folder' ? '' : describeFile(absolute)}`;
    return path !== 'tmp';
  });
  return found;
}

function isRepository(folder: string, path: RawPath, kind: Kind): boolean {
  return kind === 'folder' && existsSync(absoluteBytes(folder, `${path}/.git`));
}

type Kind = 'folder' | 'other';

function walk(root: string, folder: RawPath, visit: (path: RawPath, kind: Kind) => boolean): void {
  const absolute = absoluteBytes(root, folder);
  for (const entry of readdirSync(absolute, { withFileTypes: true, encoding: 'buffer' })) {
    const path = folder === '' ? entry.name.toString('latin1') : `${folder}/${entry.name.toString('latin1')}`;
    const kind = entry.isDirectory() ? 'folder' : 'other';
    if (visit(path, kind) && kind === 'folder') walk(root, path, visit);
  }
}

function describeFile(path: Buffer): string {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return `link to ${readlinkSync(path, 'latin1')}`;
  if (!stats.isFile()) return 'special';
  const content = createHash('sha256').update(readFileSync(path)).digest('hex');
  return `${stats.mode & 0o100 ? 'program' : 'file'} of ${stats.size} bytes ${content}`;
}
