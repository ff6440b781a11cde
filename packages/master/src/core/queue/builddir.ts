/**
 * The folder on a worker in which a build runs: the builder's name, or `NAME.2`, `NAME.3`, … while that one is in use.
 * The lowest free one is taken, so that checkouts stay warm.
 */

export interface BuilddirInput {
  builder: string;
  /** Folders in use on this worker. */
  taken: ReadonlySet<string>;
  /** Whether this is the name of another builder: `linux.2` is not a second folder of `linux` then. */
  isBuilder: (name: string) => boolean;
}

export function freeBuilddir({ builder, taken, isBuilder }: BuilddirInput): string {
  for (let n = 1; ; n++) {
    const folder = n === 1 ? builder : `${builder}.${n}`;
    if (!taken.has(folder) && (n === 1 || !isBuilder(folder))) return folder;
  }
}
