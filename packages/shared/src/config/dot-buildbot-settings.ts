/** From keys with values and places to settings or problems: the part that the YAML file and the old options file share. */

import type * as z from 'zod';
import { nearest } from '../text/nearest.ts';
import { sanitizeName } from '../text/visible.ts';
import {
  DOT_BUILDBOT_ALIASES,
  type DotBuildbot,
  dotBuildbotSchema,
  REFUSED_KEYS,
  type UserSettings,
  userSettingsSchema,
} from './dot-buildbot-schema.ts';
import { checkData } from './faults.ts';

/** One thing that is wrong with a file. Texts are printable. Lines and columns count from 1. */
export interface ConfigProblem {
  line: number;
  column: number;
  message: string;
  /** What to do about it; `''` if the message says all. */
  hint: string;
}

/** The settings of a file with remarks for the user, or all that is wrong with it. */
export type ParsedSettings<Settings = DotBuildbot> =
  | { ok: true; settings: Settings; notes: string[] }
  | { ok: false; problems: ConfigProblem[] };

/** A key as the file has it, and where. */
export interface ConfigEntry {
  key: string;
  value: unknown;
  line: number;
  column: number;
  /** Where the value's part at `path` stands; without it, at the key. */
  placeOf?: (path: readonly PropertyKey[]) => Place;
}

interface Place {
  line: number;
  column: number;
}

/** Whose word a file is: one found in a source tree may be a stranger's. */
export type ConfigOrigin = 'tree' | 'user';

/** Longest file, in bytes or UTF-16 units: 1 MiB. */
export const MAX_CONFIG_LENGTH = 1024 * 1024;

/** More problems than this help no one. */
const MAX_PROBLEMS = 20;

/** Judges every entry by its key. `ignored` are keys of other programs that are passed over with a note. */
export function settingsFrom(
  entries: readonly ConfigEntry[],
  options: { origin: ConfigOrigin; ignored?: ReadonlyMap<string, string> },
): ParsedSettings<UserSettings> {
  const values = new Map<string, unknown>();
  const problems: ConfigProblem[] = [];
  const notes: string[] = [];
  for (const entry of entries) {
    const ignored = options.ignored?.get(entry.key);
    if (ignored !== undefined) {
      notes.push(`line ${entry.line}: '${entry.key}' is not used: ${ignored}`);
      continue;
    }
    const judged = judge(entry, options.origin);
    if (!judged.ok) problems.push(problemAt(placeOfFault(entry, judged.path), judged.message, judged.hint));
    else if (values.has(judged.key)) problems.push(problemAt(entry, `'${judged.key}' is given twice`));
    else values.set(judged.key, judged.value);
  }
  if (problems.length > 0) return { ok: false, problems: problems.slice(0, MAX_PROBLEMS) };
  // Each value went through its own schema; only the type of the whole is missing.
  return { ok: true, settings: Object.fromEntries(values) as UserSettings, notes };
}

/** `path` leads to what is wrong with the value; without it the key is. */
type Judged =
  | { ok: true; key: string; value: unknown }
  | { ok: false; message: string; hint: string; path?: readonly PropertyKey[] };

function placeOfFault(entry: ConfigEntry, path: readonly PropertyKey[] | undefined): Place {
  return path === undefined ? entry : (entry.placeOf?.(path) ?? entry);
}

function judge({ key: written, value }: ConfigEntry, origin: ConfigOrigin): Judged {
  const shape: Readonly<Record<string, z.ZodType>> =
    origin === 'user' ? userSettingsSchema.shape : dotBuildbotSchema.shape;
  const key = canonicalKey(written);
  const schema = Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (schema === undefined) return unknownKey({ written, key, known: Object.keys(shape), origin });
  const checked = checkData(schema, value);
  if (checked.ok && checked.value !== undefined) return { ok: true, key, value: checked.value };
  const fault = checked.ok ? undefined : checked.faults[0];
  const message = `'${key}': ${fault?.message ?? 'has no value'}`;
  return { ok: false, message, hint: hintFor(key, value), path: fault?.path ?? [] };
}

function canonicalKey(written: string): string {
  const plain = written.replace(/^try_/, '');
  return DOT_BUILDBOT_ALIASES.get(plain) ?? plain;
}

function hintFor(key: string, value: unknown): string {
  if (key === 'host' && typeof value === 'string' && value.includes('@'))
    return "Put the part before '@' under 'username'.";
  if (value === null || value === undefined) return `Remove the line, or give '${key}' a value.`;
  return '';
}

interface UnknownKey {
  /** As the file has it. */
  written: string;
  /** Without `try_`. */
  key: string;
  known: readonly string[];
  origin: ConfigOrigin;
}

function unknownKey({ written, key, known, origin }: UnknownKey): Judged {
  const name = sanitizeName(written, { maxLength: 80 });
  const plain = plainKey(key);
  const close = known.find((candidate) => plainKey(candidate) === plain) ?? nearest(key, known);
  const refused = REFUSED_KEYS.find(({ pattern }) => pattern.test(plain));
  // What a stranger's tree may not say, the user's own file may: there the key is only misspelt, or not one of ours.
  if (refused !== undefined && origin === 'tree')
    return { ok: false, message: `'${name}' is refused: ${refused.reason}`, hint: refused.hint };
  const elsewhere = refused?.ownHint ?? refused?.hint ?? `Known keys: ${known.join(', ')}.`;
  const hint = close === undefined ? elsewhere : `Did you mean '${close}'?`;
  return { ok: false, message: `unknown key '${name}'`, hint };
}

/** Two spellings of one key: `ssh-config` is meant for `sshConfig`. */
function plainKey(key: string): string {
  return key.toLowerCase().replace(/[-_]/g, '');
}

/** A problem at an entry's place, or anywhere else that has one. */
export function problemAt(place: Place, message: string, hint = ''): ConfigProblem {
  return { line: place.line, column: place.column, message: sanitizeName(message), hint: sanitizeName(hint) };
}

/** The problems as lines for a person: `FILE:LINE:COLUMN: message`, each with its hint below. */
export function describeProblems(fileName: string, problems: readonly ConfigProblem[]): string {
  return problems
    .map(({ line, column, message, hint }) => {
      const first = `${sanitizeName(fileName)}:${line}:${column}: ${message}`;
      return hint === '' ? first : `${first}\n  ${hint}`;
    })
    .join('\n');
}
