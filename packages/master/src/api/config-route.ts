/**
 * `GET /config`: what Buildbot's web UI reads before anything else (section 9 of the spec). Fields that are named here and
 * nothing else of the configuration: who may read this is everybody.
 */
import type { Context } from 'hono';
import type { EntranceSettings } from './auth/entrance.ts';
import { knockOf } from './auth/heads.ts';
import type { People } from './auth/people.ts';
import { mayRead } from './control/permissions.ts';
import type { ApiDeps, AppEnv } from './deps.ts';
import { jsonAnswer } from './http/answer.ts';

/** How the UI offers a login; Buildbot's names. */
function authOf({ www }: EntranceSettings): object {
  const { oidc, htpasswd, proxyHeader } = www.auth;
  if (oidc !== undefined) return { name: oidc.name, oauth2: true, fa_icon: 'fa-sign-in', autologin: false };
  if (htpasswd !== undefined) return { name: 'HTPasswdAuth' };
  return { name: proxyHeader === undefined ? 'NoAuth' : 'RemoteUserAuth' };
}

export function configRoute(deps: ApiDeps, people: People): (c: Context<AppEnv>) => Response {
  return (c) => {
    const settings = deps.settings();
    const knock = knockOf(c);
    const { caller } = knock;
    const buildbotURL = people.entrance.baseOf(knock);
    const { email = null, fullName = null, groups = [] } = caller.proof?.person ?? {};
    const isKnown = caller.door !== 'tcp' || caller.proof !== undefined;
    return jsonAnswer(c, {
      ...{ title: deps.title, titleURL: buildbotURL, buildbotURL, multiMaster: false, plugins: {} },
      versions: [['Node.js', process.versions.node]],
      avatar_methods: {},
      auth: authOf(settings),
      authz: {},
      user: isKnown
        ? { anonymous: false, username: caller.user, full_name: fullName ?? caller.user, email, groups }
        : { anonymous: true },
      user_any_access_allowed: mayRead(caller, settings.access),
    });
  };
}
