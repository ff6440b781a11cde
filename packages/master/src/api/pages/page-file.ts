/** Files of the web UI's folder. What lies outside it, links included, is not there. */
import { open, readdir, realpath } from 'node:fs/promises';
import { extname, join, sep } from 'node:path';

/** A bundle has some megabytes; anything bigger is none. */
const MAX_BYTES = 32 * 1024 * 1024;

export interface PageFile {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
  /** Changes when the file does. */
  tag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.gif': 'image/gif',
  '.html': 'text/html; charset=utf-8',
  '.ico': 'image/x-icon',
  '.jpg': 'image/jpeg',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.map': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.ttf': 'font/ttf',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.webp': 'image/webp',
  '.woff': 'font/woff',
  '.woff2': 'font/woff2',
};

function isAbsence(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES' || code === 'ELOOP';
}

async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isAbsence(error)) return null;
    throw error;
  }
}

async function readInside(root: string, parts: readonly string[]): Promise<PageFile | null> {
  const path = await realpath(join(root, ...parts));
  if (!path.startsWith(`${await realpath(root)}${sep}`)) return null;
  await using file = await open(path, 'r');
  const stats = await file.stat();
  if (!stats.isFile() || stats.size > MAX_BYTES) return null;
  const bytes = new Uint8Array(await file.readFile());
  const type = TYPES[extname(path).toLowerCase()] ?? 'application/octet-stream';
  return { bytes, type, tag: `"${stats.size.toString(36)}-${Math.round(stats.mtimeMs).toString(36)}"` };
}

/** One file, or `null` when there is none. */
export function readPage(root: string, parts: readonly string[]): Promise<PageFile | null> {
  return orNull(readInside(root, parts));
}

/** Names of the UI's plugins: folders below `plugins` that have a script. */
export async function pluginsIn(root: string): Promise<string[]> {
  const entries = (await orNull(readdir(join(root, 'plugins'), { withFileTypes: true }))) ?? [];
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const found = await Promise.all(
    names.map(async (name) => ((await readPage(root, ['plugins', name, 'scripts.js'])) ? [name] : [])),
  );
  return found.flat().toSorted();
}
