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
import { pluginsIn } from './pages/page-file.ts';

/** How the UI offers a login; Buildbot's names. */
function authOf({ www }: EntranceSettings): object {
  const { oidc, htpasswd, proxyHeader } = www.auth;
  if (oidc !== undefined) return { name: oidc.name, oauth2: true, fa_icon: 'fa-sign-in', autologin: false };
  if (htpasswd !== undefined) return { name: 'HTPasswdAuth' };
  return { name: proxyHeader === undefined ? 'NoAuth' : 'RemoteUserAuth' };
}

/** The configuration as one asker sees it. */
export type UiConfig = (c: Context<AppEnv>) => Promise<object>;

export function uiConfig(deps: ApiDeps, people: People): UiConfig {
  return async (c) => {
    const settings = deps.settings();
    const { ui } = settings.www;
    const plugins = ui === undefined ? [] : await pluginsIn(ui);
    const knock = knockOf(c);
    const { caller } = knock;
    const buildbotURL = people.entrance.baseOf(knock);
    const { email = null, fullName = null, groups = [] } = caller.proof?.person ?? {};
    const isKnown = caller.door !== 'tcp' || caller.proof !== undefined;
    return {
      ...{ title: deps.title, titleURL: buildbotURL, buildbotURL, multiMaster: false },
      plugins: Object.fromEntries(plugins.map((name) => [name, {}])),
      versions: [['Node.js', process.versions.node]],
      avatar_methods: {},
      auth: authOf(settings),
      authz: {},
      user: isKnown
        ? { anonymous: false, username: caller.user, full_name: fullName ?? caller.user, email, groups }
        : { anonymous: true },
      user_any_access_allowed: mayRead(caller, settings.access),
    };
  };
}
