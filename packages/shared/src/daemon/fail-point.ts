/** For tests of crashes: a daemon that ends itself at a named moment, no sooner and no later. */

/**
 * What a daemon tells of each such moment. `wanted` is the name of one, or `NAME@3` for its third time; at that `kill` is
 * called. Nothing wanted: nothing happens.
 */
export function failPointAt<Name extends string = string>(
  wanted: string | undefined,
  kill: () => void,
): (name: Name) => void {
  if (wanted === undefined || wanted === '') return () => undefined;
  const [moment, count = '1'] = wanted.split('@');
  let left = Number(count);
  return (name) => {
    if (name === moment && --left === 0) kill();
  };
}
