/**
 * One process per place, where the place is a file that names its holder. A holder that died leaves the file behind, and
 * several processes may find it so at the same moment: taking the file away to make room would take away also the newer
 * one of whoever was quicker. So nobody removes it. Who wants to follow a dead holder first takes a claim, a file called
 * after the dead; of all that want the same claim the file system lets one have it. Who died with a claim is followed in
 * the same way. Only the living end of this chain may put itself in the place of the file.
 */

/** What is asked of the file system. Each call is atomic. */
export interface PlaceFiles {
  /** `null` when there is no such file. */
  read(path: string): string | null;
  /** Make a file that names this process, whole at once; `false` when one is there already. */
  make(path: string): boolean;
  /** Put a file that names this process in the place of the one that is there. */
  replace(path: string): void;
  remove(path: string): void;
  /** Whether the process that a file names still runs. */
  isAlive(named: string): boolean;
}

/** Take the place at `path`; the answer is `null`, or the text of the file that names the process that has it. */
export function takePlace(path: string, files: PlaceFiles): string | null {
  for (;;) {
    if (files.make(path)) return null;
    const found = files.read(path);
    if (found === null) continue;
    const { claims, living } = claimAfter(found, path, files);
    if (living !== null) return living;
    // Whoever followed `found` meanwhile has replaced it, and a process is never named twice.
    const isMine = claims.length > 0 && files.read(path) === found;
    if (isMine) files.replace(path);
    for (const claim of claims) files.remove(claim);
    if (isMine) return null;
  }
}

/** Claims from the dead holder on, the last of them ours; none when the chain changed under our hands. */
function claimAfter(
  found: string,
  path: string,
  files: PlaceFiles,
): { claims: string[]; living: string | null } {
  const claims: string[] = [];
  for (let holder = found; ; ) {
    if (files.isAlive(holder)) return { claims: [], living: holder };
    const claim = `${path}.after-${holder
      .trim()
      .slice(0, 60)
      .replaceAll(/[^0-9A-Za-z]/g, '-')}`;
    claims.push(claim);
    if (files.make(claim)) return { claims, living: null };
    const next = files.read(claim);
    if (next === null) return { claims: [], living: null };
    holder = next;
  }
}
