/**
 * Who may change what, in one pure rule. Reading is open to everyone who got through a door; changing depends on the
 * door: shell access to the master's own socket is full access, a proven try user rules over their own builds, and
 * nobody is proven over TCP until the API has authentication.
 */
import type { Caller } from '../../ports/control.ts';

export type Verb =
  | 'stop'
  | 'rebuild'
  | 'cancel'
  | 'unshelve'
  | 'set_priority'
  | 'force'
  | 'enable scheduler'
  | 'control worker'
  | 'reconfigure master'
  | 'stop master';

/** What somebody wants to do. `submitter` is who asked for the build, `null` when that was the machine itself. */
export interface Wish {
  verb: Verb;
  submitter: string | null;
}

/** `reason` is for the person who was refused. */
export type Permission = { allowed: true } | { allowed: false; reason: string };

const ALLOWED: Permission = { allowed: true };
const OWN_BUILDS_ONLY: ReadonlySet<Verb> = new Set(['stop', 'rebuild', 'cancel', 'unshelve']);

function overGateway(user: string, { verb, submitter }: Wish): Permission {
  if (verb === 'force') return ALLOWED;
  if (!OWN_BUILDS_ONLY.has(verb)) {
    return {
      allowed: false,
      reason: `${verb}: only for administrators, on the master's own socket (you are ${user})`,
    };
  }
  if (submitter === user) return ALLOWED;
  const owner = submitter ?? 'the master itself';
  return { allowed: false, reason: `${verb}: this was asked for by ${owner}, and you are ${user}` };
}

/** Decide about one wish of one caller. */
export function permission(caller: Caller, wish: Wish): Permission {
  switch (caller.door) {
    case 'socket':
      return ALLOWED;
    case 'gateway':
      return overGateway(caller.user, wish);
    case 'tcp':
      return {
        allowed: false,
        reason: `${wish.verb}: the API over TCP is for reading only, since it knows no users yet; use SSH or the master's own socket`,
      };
  }
}
