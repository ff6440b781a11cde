/** Where an API is, as `--api` and `api:` name it. */
import { UserError } from '@buildbot/shared';

/** `unix:PATH`, `http://host:port/prefix` or `https://…`. */
export type ApiAddress = { unix: string } | { url: URL };

/** @throws UserError when it is none of these. */
export function parseApiAddress(text: string): ApiAddress {
  if (text.startsWith('unix:') && text.length > 5) return { unix: text.slice(5) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:')) return { url };
  throw new UserError(`'${text}' is not an address of an API`, {
    hint: 'Expected http://host:port, https://host/path or unix:/path/to/master.sock.',
  });
}
