/** Addresses of masters as people write them. */
import { UserError, WORKER_PATH } from '@buildbot/shared';

const SCHEMES = ['ws:', 'wss:', 'ws+unix:'];

/**
 * One address in the form that is connected to: `ws://host:port`, `wss://…`, or `ws+unix:/path/of/socket`. The path of
 * the workers' endpoint is added where it is missing. Throws `UserError`.
 */
export function masterUrl(text: string): string {
  const problem = (what: string) =>
    new UserError(`'${text}' is not a master's address: ${what}`, {
      hint: 'write ws://host:port or wss://host:port',
    });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw problem('it is not a URL');
  }
  if (!SCHEMES.includes(url.protocol)) throw problem(`it begins with '${url.protocol}'`);
  if (url.username !== '' || url.password !== '') throw problem('name and password do not belong into it');
  if (url.protocol === 'ws+unix:') return url.pathname.includes(':') ? text : `${text}:${WORKER_PATH}`;
  if (url.hash !== '' || url.search !== '') throw problem('it has a query');
  if (url.pathname === '' || url.pathname === '/') url.pathname = WORKER_PATH;
  return url.toString();
}

/** Several addresses separated by commas, in the order in which they are tried. */
export function masterUrls(text: string): string[] {
  const parts = text.split(',').map((part) => part.trim());
  return parts.filter((part) => part !== '').map(masterUrl);
}
