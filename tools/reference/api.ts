/** Tables of `/api/v2`, made from its paths, its schemas, its methods and the rule of permissions. */
import { methodNames, methodOf } from '../../packages/master/src/api/control/methods.ts';
import { permission, type Verb } from '../../packages/master/src/api/control/permissions.ts';
import { type Plural, RESOURCE_TYPES } from '../../packages/master/src/api/resources.ts';
import { COLLECTIONS, SINGLES } from '../../packages/master/src/api/routes/paths.ts';
import type { Caller } from '../../packages/master/src/ports/caller.ts';
import { accessSchema } from '../../packages/shared/src/config/access.ts';
import { code, table } from './markdown.ts';

const PLURALS = Object.keys(RESOURCE_TYPES) as Plural[];

function pathsOf(plural: Plural): string[] {
  return [...COLLECTIONS, ...SINGLES]
    .filter(({ resource }) => resource === plural)
    .flatMap(({ paths }) => paths);
}

/** Every resource with the paths that answer with it. */
export function apiPaths(): string {
  const rows = PLURALS.filter((plural) => pathsOf(plural).length > 0).map((plural) => [
    code(plural),
    pathsOf(plural).map(code).join('<br>'),
  ]);
  return table(['answers with', 'path below `/api/v2`'], rows);
}

const PERSON = { email: null, fullName: null, groups: [] };
const PROOF = { by: 'token', scopes: ['read', 'control'], credentialId: 1, person: PERSON } as const;
const CALLERS: readonly Caller[] = [
  { user: 'me', door: 'socket' },
  { user: 'me', door: 'gateway' },
  { user: 'me', door: 'tcp', proof: PROOF },
  { user: 'me', door: 'tcp' },
];

/** Without any rule of the configuration. */
function mayCall(caller: Caller, verb: Verb): string {
  const access = accessSchema.parse({});
  const may = (submitter: string) =>
    permission(caller, { verb, submitter, builders: [], projects: [] }, access).allowed;
  if (may('me') && may('another')) return 'yes';
  return may('me') ? 'own builds' : 'no';
}

/** Every control method, and who may call it through which door. */
export function apiMethods(): string {
  const rows = PLURALS.flatMap((plural) =>
    methodNames(plural).map((name) => {
      const verb = methodOf(plural, name)?.verb as Verb;
      return [code(plural), code(name), ...CALLERS.map((caller) => mayCall(caller, verb))];
    }),
  );
  return table(
    ['on', 'method', '`master.sock`', 'over SSH', 'TCP, with a token or login', 'TCP, without'],
    rows,
  );
}
