/** The process's environment, for what may have a part of it. */

/** The variables of these names that are set. */
export function inheritedEnvironment(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
