/**
 * Names of files in the try directory. `tryserver` adds whom the administrator's `--user` names as a suffix, so the
 * name travels with the job even while no master runs; whether it counts depends on who owns the file.
 */

const SUFFIX = /,user=([A-Za-z0-9._@+%-]{1,384})$/;

/** A plain file name: not hidden, no separators, no control characters, at most 255 bytes. */
export function isPlainName(name: string): boolean {
  return /^[^./\\\p{C}][^/\\\p{C}]*$/u.test(name) && Buffer.byteLength(name) <= 255;
}

/** The user named in a file name, or `null`. */
export function namedUser(name: string): string | null {
  const encoded = SUFFIX.exec(name)?.[1];
  if (encoded === undefined) return null;
  try {
    return decodeURIComponent(encoded);
  } catch {
    return null;
  }
}

/** Who submitted a job, or why the claim does not count. */
export function provenUser(
  owner: string,
  named: string | null,
  gateways: ReadonlySet<string>,
): { user: string } | { reason: string } {
  if (named === null || named === owner) return { user: owner };
  if (gateways.has(owner)) return { user: named };
  return {
    reason: `account ${owner} may not submit in the name of ${named}: it is not a gateway of this scheduler`,
  };
}
