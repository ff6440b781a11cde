/** Cookies of browsers: read strictly, written with everything that keeps them from others. */

/** The value of a cookie; `undefined` when it is not there, or there twice, so that nobody knows whose it is. */
export function cookieOf(header: string | undefined, name: string): string | undefined {
  const values = (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? values[0] : undefined;
}

/** With the prefix a browser takes it only from this host and only over TLS. */
export function cookieName(name: string, isSecure: boolean): string {
  return isSecure ? `__Host-${name}` : name;
}

/** A `Set-Cookie` value; `maxAgeMs` 0 removes the cookie. No script reads it, and no other site sends it along. */
export function setCookie(
  name: string,
  value: string,
  { isSecure, maxAgeMs }: { isSecure: boolean; maxAgeMs: number },
): string {
  const flags = ['Path=/', 'HttpOnly', 'SameSite=Lax', ...(isSecure ? ['Secure'] : [])];
  return [`${cookieName(name, isSecure)}=${value}`, ...flags, `Max-Age=${Math.round(maxAgeMs / 1000)}`].join(
    '; ',
  );
}
