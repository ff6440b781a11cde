/**
 * `--baserev` beside `--diff`: the job travels without the working copy, so a name that only this repository knows
 * (`origin/main`, a tag, `HEAD~2`, a short hash) becomes a full id here, or is refused before anything is sent.
 */

import { findWorkingCopy } from './known.ts';
import type { RevisionOutcome, Vcs } from './port.ts';

/** A commit's id in full, of SHA-1 or SHA-256. */
const FULL_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i;

/** A full id is taken as it is: whoever gives it need not have the commit. */
export async function resolveGivenRevision(
  systems: readonly Vcs[],
  dir: string,
  name: string,
): Promise<RevisionOutcome> {
  if (FULL_ID.test(name)) return { ok: true, revision: name.toLowerCase() };
  const found = await findWorkingCopy(systems, dir, 'git');
  if (found.ok) return found.vcs.resolveRevision(dir, name);
  return {
    ok: false,
    reason: `${JSON.stringify(name)} is no full commit id, and it cannot be looked up: ${found.reason}`,
    hint: 'give --baserev all 40 (or 64) digits of the id, or run this in a working copy that knows the name',
  };
}
