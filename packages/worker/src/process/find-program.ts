/** Find a program as execvp(3) does, before anything is started, so that a missing one is told in plain words. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

export type FoundProgram = { path: string } | { problem: string };

function problemWith(path: string): 'missing' | 'not-executable' | null {
  try {
    if (!statSync(path).isFile()) return 'not-executable';
    accessSync(path, constants.X_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'not-executable' : 'missing';
  }
}

/** `name` with a slash is a path, relative to `folder`; any other is looked for in `searchPath`. */
export function findProgram(name: string, searchPath: string, folder: string): FoundProgram {
  if (name === '') return { problem: 'the name of the program is empty' };
  const isPath = name.includes('/');
  const candidates = isPath
    ? [resolve(folder, name)]
    : searchPath.split(delimiter).map((entry) => join(resolve(folder, entry), name));
  let unusable: string | null = null;
  for (const candidate of candidates) {
    const problem = problemWith(candidate);
    if (problem === null) return { path: candidate };
    if (problem === 'not-executable') unusable ??= candidate;
  }
  if (unusable !== null) return { problem: `${unusable} may not be executed` };
  return {
    problem: isPath
      ? `no such program: ${candidates[0]}`
      : `no such program: '${name}' (PATH is ${searchPath})`,
  };
}
