/**
 * A snapshot in the eyes of the server: it judges every patch before it queues anything, and what it would refuse (a
 * symbolic link out of the tree above all) is better heard before anything is sent.
 */

import { checkPatch } from '@buildbot/shared';
import type { Refusal, Snapshot } from './port.ts';

/** Why the server would refuse this snapshot's patch, naming the path; null when it would not. */
export function whyNotSendable({ patch, patchLevel }: Snapshot): Refusal | null {
  const checked = checkPatch(patch ?? new Uint8Array(), { level: patchLevel });
  if (checked.ok) return null;
  return {
    ok: false,
    reason: `this change cannot be sent: ${checked.reason}`,
    hint: 'put it right, or leave it out: name the PATHs that are to be tried. A symbolic link has to stay inside the tree.',
  };
}
