/**
 * Which requests are for the files of the web UI: decided on the path as it is routed, in one place for the entrance, which
 * lets everybody have them (to log in, one needs the pages), and for the serving.
 */

/** First parts of what is never a file. Each route begins with one of these: a test sees to it. */
const RESERVED: ReadonlySet<string> = new Set([
  ...['api', 'auth', 'avatar', 'config', 'healthz', 'metrics', 'sse', 'ws'],
]);

/** Plain names, none hidden, nothing to decode: what bundlers write. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** The parts of a path that may be a file of the web UI, `index.html` for the root; `null` for everything else. */
export function pageParts(path: string): string[] | null {
  if (path === '/') return ['index.html'];
  const [before, ...parts] = path.split('/');
  if (before !== '' || RESERVED.has(parts[0] ?? '')) return null;
  return parts.every((part) => NAME.test(part)) ? parts : null;
}
