/**
 * What people write to name a build, the same for every command: its id (`17`), `builder/number` (`linux/12`), its
 * number alone (`#12`), its URL, or the name of a builder. Which build that is, the master knows: see `find-build.ts`.
 */
import { sanitizeName, UserError } from '@buildbot/shared';
import { parseId } from '../config/flags.ts';

export type BuildReference =
  | { buildId: number }
  | { builder: string; number: number }
  /** The build with this number, of whichever builder. */
  | { number: number }
  /** The build of it that runs, else its newest. */
  | { builder: string };

/** For the help of each command that takes one. */
export const BUILD_HELP =
  'Its id (17), builder/number (linux/12), number (#12) or URL; or a builder: its running build, else its newest.';

/** @throws UserError when it is none of these */
export function parseBuildReference(text: string): BuildReference {
  const reference = text.includes('://') ? ofUrl(text) : ofWord(text);
  if (reference !== null) return reference;
  throw new UserError(`'${sanitizeName(text, { maxLength: 100 })}' names no build`, {
    hint: 'Expected an id (17), builder/number (linux/12), #number, a builder or a URL.',
  });
}

export type RequestReference = { requestId: number } | BuildReference;

/** A build request: its id or URL, or what names a build of it. @throws UserError when it is none of these */
export function parseRequestReference(text: string): RequestReference {
  const id = /^#?(\d{1,15})$/.exec(text)?.[1] ?? /\/buildrequests\/(\d{1,15})\b/.exec(text)?.[1];
  return id === undefined ? parseBuildReference(text) : { requestId: Number(id) };
}

/** A try that has no number yet is named by its job's id, as `try` itself says it. */
export type TryReference = { buildSetId: number } | { jobId: string } | BuildReference;

/** A try: its number (`7`, `#7`), its job's id, or what names a build of it. @throws UserError when it is none of these */
export function parseTryReference(text: string): TryReference {
  if (/^\d{9,15}\.\d{3}-[a-z0-9]{1,20}$/.test(text)) return { jobId: text };
  if (!/^#?\d+$/.test(text)) return parseBuildReference(text);
  return { buildSetId: parseId(text, 'the number of a try') };
}

function ofWord(text: string): BuildReference | null {
  if (/^\d+$/.test(text)) return text.length > 15 ? null : { buildId: Number(text) };
  const number = /^#(\d{1,15})$/.exec(text)?.[1];
  if (number !== undefined) return { number: Number(number) };
  const [, builder = text, ofBuilder] = /^([^/]+)\/(\d{1,15})$/.exec(text) ?? [];
  if (!isBuilder(builder)) return null;
  return ofBuilder === undefined ? { builder } : { builder, number: Number(ofBuilder) };
}

/** The web UI writes …/#/builders/2/builds/5; the API …/api/v2/builds/17. */
function ofUrl(text: string): BuildReference | null {
  const [, written, number] = /\/(?:builders\/([^/]+)\/)?builds\/(\d{1,15})(?:[/?#]|$)/.exec(text) ?? [];
  if (number !== undefined && written === undefined) return { buildId: Number(number) };
  const builder = decoded(written ?? /\/builders\/([^/?#]+)\/?$/.exec(text)?.[1] ?? '');
  if (builder === null || !isBuilder(builder)) return null;
  return number === undefined ? { builder } : { builder, number: Number(number) };
}

/** A master allows no slash in a name. Dots would be a step in the path that is asked for: to a build nobody named. */
function isBuilder(name: string): boolean {
  return /^[^\p{C}/\\]+$/u.test(name) && name !== '.' && name !== '..';
}

function decoded(component: string): string | null {
  try {
    return decodeURIComponent(component);
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
}
