/**
 * Two checks against hostile web pages. A page in a browser of this machine can reach a loopback port: its requests
 * carry an `Origin`, which must be allowed, and after a DNS rebinding trick a foreign `Host`, which is refused.
 */

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '[::1]']);

/** Host name of a `Host` or `:authority` value, in lower case and without its port; `null` when it is no such value. */
export function hostName(authority: string): string | null {
  const match = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(:\d{1,5})?$/.exec(authority);
  return match?.[1]?.toLowerCase() ?? null;
}

/** Whether a name or address can only mean this machine. */
export function isLoopbackName(name: string): boolean {
  return LOOPBACK_NAMES.has(name) || /^127(\.\d{1,3}){3}$/.test(name);
}

/** Whether `text` matches a glob in which `*` stands for anything. Linear: no backtracking over user patterns. */
export function matchesGlob(pattern: string, text: string): boolean {
  const parts = pattern.split('*');
  const first = parts.shift() ?? '';
  if (parts.length === 0) return first === text;
  const last = parts.pop() ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  let position = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return position <= text.length - last.length;
}

/** Whether a request may be answered to the page it came from: no origin, the API's own, or one on the list. */
export function isOriginAllowed(
  origin: string | undefined,
  own: string,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true;
  const wanted = origin.toLowerCase();
  return wanted === own || allowed.some((pattern) => matchesGlob(pattern.toLowerCase(), wanted));
}
