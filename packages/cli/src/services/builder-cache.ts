/** Names of builders for the shell's completion, one per line, from the last time somebody asked the master. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Only names that need no quoting in any shell; a cache that cannot be written is no failure. */
export async function rememberBuilders(cacheDir: string, names: readonly string[]): Promise<void> {
  const plain = names.filter((name) => /^[A-Za-z0-9._@%+=:,-]+$/.test(name));
  try {
    await mkdir(cacheDir, { recursive: true, mode: 0o700 });
    await writeFile(join(cacheDir, 'builders'), plain.map((name) => `${name}\n`).join(''));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
