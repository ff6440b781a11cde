/**
 * `/avatar?email=&username=&size=`: a picture of somebody, as Buildbot's web UI links to it. It is drawn here, a letter on a
 * colour that is always the same for the same person: where others send on to a service, that service learns of every visit.
 */
import { createHash } from 'node:crypto';
import { badRequest } from '../http/api-error.ts';
import { wholeNumber } from '../query/parse-query.ts';

const DEFAULT_SIZE = 32;
const MAX_SIZE = 1024;

/** The first letter or digit, so that nothing else of what was asked for is ever part of the picture. */
function letterOf(name: string): string {
  return /[\p{L}\p{N}]/u.exec(name)?.[0].toUpperCase() ?? '?';
}

function sizeOf(text: string | null): number {
  const size = wholeNumber(text || String(DEFAULT_SIZE));
  if (size === null || size < 1 || size > MAX_SIZE) throw badRequest('invalid size');
  return size;
}

/** Throws `ApiError` 400 for a size that is none. */
export function avatarAnswer(params: URLSearchParams): Response {
  const size = sizeOf(params.get('size'));
  const person = params.get('email') || params.get('username') || '';
  const hue = createHash('sha256').update(person.toLowerCase()).digest().readUInt16BE() % 360;
  const letter = letterOf(params.get('username') || person);
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="0 0 32 32"><rect width="32" height="32" fill="hsl(${hue},45%,40%)"/><text x="16" y="22" font-family="sans-serif" font-size="18" fill="#fff" text-anchor="middle">${letter}</text></svg>`;
  const headers = {
    'Content-Type': 'image/svg+xml',
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "sandbox; default-src 'none'",
    'Cache-Control': 'private, max-age=86400',
  };
  return new Response(picture, { headers });
}
