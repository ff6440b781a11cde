/** Finds `.buildbot` upwards from a folder, and the user's own file. */
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { UserError } from '@buildbot/shared';

/** As many folders upwards as Buildbot looks. */
const MAX_LEVELS = 20;
const MAX_BYTES = 1024 * 1024;

export interface FoundFile {
  path: string;
  text: string;
  /** An old `.buildbot/options`, read as literal assignments only. */
  isOldOptions: boolean;
}

/** The nearest `.buildbot` (a file, or a folder with `options`) from `dir` upwards; null when there is none. */
export async function findDotBuildbot(dir: string): Promise<FoundFile | null> {
  let folder = resolve(dir);
  for (let level = 0; level < MAX_LEVELS; level++) {
    const path = join(folder, '.buildbot');
    const kind = await kindOf(path);
    if (kind === 'file') return { path, text: await readSmall(path), isOldOptions: false };
    if (kind === 'folder' && (await kindOf(join(path, 'options'))) === 'file' && folder !== homedir()) {
      const options = join(path, 'options');
      return { path: options, text: await readSmall(options), isOldOptions: true };
    }
    if (kind === 'other') throw new UserError(`${path} is neither a file nor a folder`);
    const parent = dirname(folder);
    if (parent === folder) return null;
    folder = parent;
  }
  return null;
}

/** The file's text, or null when there is none. @throws UserError for anything else of that name */
export async function readIfThere(path: string): Promise<string | null> {
  const kind = await kindOf(path);
  if (kind === null) return null;
  if (kind !== 'file') throw new UserError(`${path} is not a file`);
  return readSmall(path);
}

async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | null> {
  try {
    const status = await stat(path);
    return status.isFile() ? 'file' : status.isDirectory() ? 'folder' : 'other';
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw new UserError(`${path} cannot be read (${String(code)})`, { cause: error });
  }
}

/** @throws UserError when the file cannot be read or is not the text of a settings file. */
async function readSmall(path: string): Promise<string> {
  const { size } = await stat(path);
  const bytes =
    size > MAX_BYTES
      ? null
      : await readFile(path).catch((cause: unknown) => {
          throw new UserError(`${path} cannot be read`, { cause });
        });
  if (bytes === null) throw new UserError(`${path} is larger than 1 MiB: not a settings file`);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new UserError(`${path} is not UTF-8`, { cause });
  }
}
