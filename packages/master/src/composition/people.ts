/** What the configuration says of who comes in, with the files that it names by their absolute paths. */
import { resolve } from 'node:path';
import type { MasterConfig } from '@buildbot/shared';
import type { ApiDeps } from '../api/api.ts';
import type { TcpSafety } from '../api/doors/listener.ts';

type Settings = ReturnType<ApiDeps['settings']>;

export function entranceSettings(basedir: string, { access, www, listen }: MasterConfig): Settings {
  const { htpasswd, oidc } = www.auth;
  const auth = {
    ...www.auth,
    ...(htpasswd === undefined ? {} : { htpasswd: resolve(basedir, htpasswd) }),
    ...(oidc?.clientSecretFile === undefined
      ? {}
      : { oidc: { ...oidc, clientSecretFile: resolve(basedir, oidc.clientSecretFile) } }),
  };
  const ui = www.ui === undefined ? {} : { ui: resolve(basedir, www.ui) };
  return { access, www: { ...www, ...ui, auth }, proxies: listen.proxies ?? [] };
}

/** What protects the API over TCP. */
export function tcpSafety(basedir: string, { tls, proxies, plain }: MasterConfig['listen']): TcpSafety {
  return {
    ...(plain === undefined ? {} : { plain }),
    ...(proxies === undefined ? {} : { proxies }),
    ...(tls === undefined
      ? {}
      : { tls: { certificate: resolve(basedir, tls.certificate), key: resolve(basedir, tls.key) } }),
  };
}
