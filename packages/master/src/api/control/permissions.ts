/**
 * Who may read and who may change what, as pure rules. Shell access to the master's own socket is full access. Who came
 * through the SSH gateway rules over their own builds and may start others. Who came over TCP may do what the rules of
 * the configuration allow to who they proved to be, and nothing without a proof. A token narrows this further.
 */
import type { AccessConfig, AccessRule, ControlVerb } from '@buildbot/shared';
import type { Caller } from '../../ports/caller.ts';
import { matchesGlob } from '../http/origin.ts';

export type Verb = ControlVerb;

/** What somebody wants to do. */
export interface Wish {
  verb: Verb;
  /** Who asked for the build; `null` when that was the machine itself. */
  submitter: string | null;
  /** Names of the builders that it is about; none for what is about no builder. */
  builders: readonly string[];
  /** Projects of what is built; none where the asker would be the one to name them. */
  projects: readonly string[];
}

/** `reason` is for the person who was refused. */
export type Permission = { allowed: true } | { allowed: false; reason: string };

const ALLOWED: Permission = { allowed: true };
const OWN_BUILDS: readonly Verb[] = ['stop', 'rebuild', 'cancel', 'unshelve'];

/** Holds everywhere: people rule over what they have asked for. */
const OWN_BUILDS_RULE: AccessRule = { allow: [...OWN_BUILDS], to: ['owner'] };
/** Whoever has shell access may submit a try job, which starts any builder of its scheduler as well. */
const GATEWAY_RULE: AccessRule = { allow: ['force'], to: ['users'] };

function isMember(caller: Caller, member: string): boolean {
  const person = caller.proof?.person;
  if (member.startsWith('group:'))
    return person?.groups.some((group) => matchesGlob(member.slice(6), group)) ?? false;
  if (member.startsWith('email:'))
    return person?.email != null && matchesGlob(member.slice(6).toLowerCase(), person.email.toLowerCase());
  return matchesGlob(member, caller.user);
}

function isProven(caller: Caller): boolean {
  return caller.door !== 'tcp' || caller.proof !== undefined;
}

/** Whether the caller is one of those that `name` stands for in a rule. */
function hasRole(caller: Caller, name: string, access: AccessConfig, submitter: string | null): boolean {
  if (!isProven(caller)) return false;
  if (name === 'users') return true;
  if (name === 'owner') return submitter === caller.user;
  return Object.hasOwn(access.roles, name) && (access.roles[name] ?? []).some((one) => isMember(caller, one));
}

/** Whether each of the names, and at least one, matches a glob. */
function areAllIn(globs: readonly string[] | undefined, names: readonly string[]): boolean {
  if (globs === undefined) return true;
  return names.length > 0 && names.every((name) => globs.some((glob) => matchesGlob(glob, name)));
}

function fits(rule: AccessRule, caller: Caller, wish: Wish, access: AccessConfig): boolean {
  return (
    (rule.allow.includes('*') || rule.allow.includes(wish.verb)) &&
    areAllIn(rule.builders, wish.builders) &&
    areAllIn(rule.projects, wish.projects) &&
    rule.to.some((name) => hasRole(caller, name, access, wish.submitter))
  );
}

/** A token without the scope changes nothing, whoever its user is. */
function lacksScope({ proof }: Caller): boolean {
  return proof !== undefined && !proof.scopes.some((scope) => scope === 'control' || scope === 'admin');
}

function refusal(caller: Caller, { verb, submitter }: Wish): string {
  if (!isProven(caller)) return `${verb}: nobody may do this without a token or a login (or use SSH)`;
  if (lacksScope(caller)) return `${verb}: this token is for reading only`;
  if (!OWN_BUILDS.includes(verb)) return `${verb}: no rule of the master allows this to you (${caller.user})`;
  return `${verb}: this was asked for by ${submitter ?? 'the master itself'}, and you are ${caller.user}`;
}

/** Decide about one wish of one caller. */
export function permission(caller: Caller, wish: Wish, access: AccessConfig): Permission {
  if (hasFullAccess(caller)) return ALLOWED;
  const rules = [OWN_BUILDS_RULE, ...(caller.door === 'gateway' ? [GATEWAY_RULE] : []), ...access.rules];
  const isAllowed = !lacksScope(caller) && rules.some((rule) => fits(rule, caller, wish, access));
  return isAllowed ? ALLOWED : { allowed: false, reason: refusal(caller, wish) };
}

function hasFullAccess({ door, proof }: Caller): boolean {
  return door === 'socket' || (proof?.scopes.includes('admin') ?? false);
}

/** Whether the caller may do everything: for tokens of others, and what is written down of people. */
export function isAdministrator(caller: Caller, access: AccessConfig): boolean {
  if (hasFullAccess(caller)) return true;
  if (lacksScope(caller)) return false;
  return access.rules.some(
    ({ allow, to, builders, projects }) =>
      allow.includes('*') &&
      builders === undefined &&
      projects === undefined &&
      to.some((name) => hasRole(caller, name, access, null)),
  );
}

/** Whether the caller may read builds, logs and events. */
export function mayRead(caller: Caller, { read }: AccessConfig): boolean {
  return read === 'anyone' || isProven(caller);
}
