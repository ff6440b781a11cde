/**
 * The environment of a command: a short list of the worker's own variables, then what the command sets or removes.
 * Whatever else the worker was started with (tokens, agent sockets, service manager variables) never reaches a build.
 */

export type Environment = Record<string, string>;

/** Passed on when the worker has them. A trailing `*` stands for any ending. */
export const DEFAULT_ALLOWED = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_*',
  'TZ',
  'TMPDIR',
] as const;

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';

function isAllowed(name: string, allowed: readonly string[]): boolean {
  return allowed.some((rule) => (rule.endsWith('*') ? name.startsWith(rule.slice(0, -1)) : name === rule));
}

/** Build the environment. `changes` sets variables (text) or removes them (`null`) and has the last word. */
export function cleanEnvironment(
  own: Readonly<Record<string, string | undefined>>,
  allowed: readonly string[],
  changes: Readonly<Record<string, string | null>>,
): Environment {
  const result = new Map<string, string>([['PATH', DEFAULT_PATH]]);
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && isAllowed(name, allowed)) result.set(name, value);
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) result.delete(name);
    else result.set(name, value);
  }
  return Object.fromEntries(result);
}

/** Why these variables cannot be given to a process, or `null`. */
export function environmentProblem(environment: Environment): string | null {
  for (const [name, value] of Object.entries(environment)) {
    if (name === '' || /[=\0]/.test(name)) return `${JSON.stringify(name)} cannot be the name of a variable`;
    if (value.includes('\0')) return `the variable ${name} holds a NUL character`;
  }
  return null;
}
