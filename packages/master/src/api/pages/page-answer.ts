/**
 * The files of Buildbot's web UI, as they were built, with the configuration put into the first page (section 9 of the
 * spec). The pages run nothing that is not theirs, and nobody may show them inside others.
 */
import type { Context } from 'hono';
import type { AppEnv } from '../deps.ts';
import { GUARDS } from '../http/answer.ts';
import { type PageFile, readPage } from './page-file.ts';
import { pageParts } from './page-path.ts';

/** Names that bundlers give: they change when what is in the file does. */
const NAMED_BY_CONTENT = /[.-][A-Za-z0-9_-]{8,}\.\w+$/;
const PLACEHOLDER = /<!--\s*BUILDBOT_CONFIG_PLACEHOLDER\s*-->/;

const POLICY = "frame-ancestors 'none'; object-src 'none'; base-uri 'self'";

/** JSON that is nothing else inside of a script. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(/[<>\u2028\u2029]/g, (char) => {
    return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The first page with the configuration; without a place for it the pages ask for it themselves. */
function indexAnswer({ bytes, type }: PageFile, config: object): Response {
  const script = `<script>window.buildbotFrontendConfig = ${scriptJson(config)};</script>`;
  const text = Buffer.from(bytes)
    .toString('utf8')
    .replace(PLACEHOLDER, () => script);
  const headers = { ...GUARDS, 'Content-Type': type, 'Content-Security-Policy': POLICY };
  return new Response(text, { headers: { ...headers, 'Cache-Control': 'no-store' } });
}

function fileAnswer(c: Context<AppEnv>, parts: readonly string[], { bytes, type, tag }: PageFile): Response {
  const isForEver = parts[0] === 'assets' && NAMED_BY_CONTENT.test(parts.at(-1) ?? '');
  const cache = isForEver ? 'public, max-age=31536000, immutable' : 'no-cache';
  const headers = { ...GUARDS, ETag: tag, 'Cache-Control': cache, 'Content-Security-Policy': POLICY };
  if (c.req.header('if-none-match') === tag) return new Response(null, { status: 304, headers });
  return new Response(bytes, {
    headers: { ...headers, 'Content-Type': type, 'Content-Length': String(bytes.byteLength) },
  });
}

/** The file that a request is for, `null` when there is none. `folder` is undefined when no pages are served. */
export async function pageAnswer(
  c: Context<AppEnv>,
  folder: string | undefined,
  config: (c: Context<AppEnv>) => Promise<object>,
): Promise<Response | null> {
  const parts = pageParts(c.req.path);
  if (folder === undefined || parts === null || !['GET', 'HEAD'].includes(c.req.method)) return null;
  const file = await readPage(folder, parts);
  if (file === null) return null;
  return parts.join('/') === 'index.html' ? indexAnswer(file, await config(c)) : fileAnswer(c, parts, file);
}
