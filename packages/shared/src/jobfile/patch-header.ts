/**
 * The header of one file in a patch: what happens to it, and under which names. Where several lines name the file they
 * must agree, as `git apply` demands: a patch that two readers read differently is not let through.
 */

import type { LineCursor } from './line-cursor.ts';
import { isUnprefixedPair, nameOfPair, stripName, unquoteName } from './patch-name.ts';
import { isAbsolute, utf8Of } from './patch-policy.ts';
import { refuse } from './patch-refusal.ts';

/** What a patch does to a file. */
export type PatchChange = 'added' | 'modified' | 'deleted' | 'renamed' | 'copied';

/** A header as it was read. Names are latin1 strings, stripped. */
export interface PatchHeader {
  change: PatchChange;
  /** Name before; undefined for an added file. */
  oldName: string | undefined;
  /** Name after; undefined for a deleted file. */
  newName: string | undefined;
  /** Mode after the change (before it, for a deleted file) in git's octal notation, if the patch says it. */
  mode: string | undefined;
  /** Whether the header alone is a change: another name or mode, or a file without content. */
  isComplete: boolean;
  /** Whether the `index` line has whole object ids, without which a binary patch cannot be applied. */
  hasFullIndex: boolean;
  /** Where it begins. */
  line: number;
}

/** Longer header lines hold no name that any system knows. */
const MAX_LINE = 64 * 1024;
const MODE = /^(?:100[0-7]{3}|120000|160000)$/;
const INDEX = /^([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?$/;

/** The lines git may write between `diff --git` and the content; a mailed patch has them in this form only. */
const EXTENDED = [
  'old mode ',
  'new mode ',
  'deleted file mode ',
  'new file mode ',
  'copy from ',
  'copy to ',
  'rename from ',
  'rename to ',
  'rename old ',
  'rename new ',
  'similarity index ',
  'dissimilarity index ',
  'index ',
] as const;
type ExtendedLine = (typeof EXTENDED)[number];

/** Reads `diff --git` and the lines after it; the cursor is then on the first hunk, the binary patch, or what follows. */
export function readGitHeader(cursor: LineCursor, level: number): PatchHeader {
  const line = cursor.number;
  const pair = cursor.text('diff --git '.length, MAX_LINE);
  if (level > 0 && isUnprefixedPair(pair)) {
    refuse(
      line,
      `the names have no prefix such as a/ and b/ (diff.noprefix?), but the patch level is ${level}`,
    );
  }
  cursor.next();
  const extended = readExtended(cursor);
  const names = readNamePair(cursor, level);
  return headerOf(line, extended, { names, common: nameOfPair(pair, level) }, level);
}

function readExtended(cursor: LineCursor): Map<ExtendedLine, string> {
  const found = new Map<ExtendedLine, string>();
  for (; !cursor.atEnd; cursor.next()) {
    const key = EXTENDED.find((prefix) => cursor.startsWith(prefix));
    if (key === undefined) break;
    if (found.has(key)) refuse(cursor.number, `'${key.trim()}' comes twice`);
    found.set(key, cursor.text(key.length, MAX_LINE));
  }
  return found;
}

interface Names {
  oldName: string | undefined;
  newName: string | undefined;
}

/** Reads `--- A` and `+++ B` if they are there. `/dev/null` is undefined. */
function readNamePair(cursor: LineCursor, level: number): Names | undefined {
  if (!cursor.startsWith('--- ')) return undefined;
  const oldName = readName(cursor, cursor.text(4, MAX_LINE), level);
  cursor.next();
  if (!cursor.startsWith('+++ ')) refuse(cursor.number, `'--- ' without '+++ '`);
  const newName = readName(cursor, cursor.text(4, MAX_LINE), level);
  cursor.next();
  return { oldName, newName };
}

/** A name as it stands on a line: quoted, or up to a tab, behind which other tools write the time. */
function readName(cursor: LineCursor, text: string, level: number): string | undefined {
  const name = text.startsWith('"') ? unquoteName(text)?.name : (text.split('\t', 1)[0] ?? '');
  if (name === undefined) return refuse(cursor.number, 'damaged quotes around a name');
  if (name === '/dev/null') return undefined;
  return stripped(cursor.number, name, level);
}

function stripped(line: number, name: string, level: number): string {
  if (isAbsolute(name)) return refuse(line, `the name ${quoted(name)} is absolute`);
  const rest = stripName(name, level);
  return (
    rest ?? refuse(line, `the name ${quoted(name)} has no ${level} folders to strip (wrong patch level?)`)
  );
}

function headerOf(
  line: number,
  extended: Map<ExtendedLine, string>,
  found: { names: Names | undefined; common: string | undefined },
  level: number,
): PatchHeader {
  const change = changeOf(line, extended);
  const moved = movedNames(line, extended, Math.max(0, level - 1));
  const wanted = { old: change !== 'added', new: change !== 'deleted' };
  const oldName = agreed(line, wanted.old, [moved?.oldName, found.names?.oldName], found);
  const newName = agreed(line, wanted.new, [moved?.newName, found.names?.newName], found);
  if (change === 'modified' && oldName !== newName) {
    refuse(line, 'the old and the new name differ, but the patch does not say renamed (wrong patch level?)');
  }
  const hasContent = found.names !== undefined;
  const isComplete = !hasContent && (change !== 'modified' || extended.has('new mode '));
  return { change, oldName, newName, isComplete, line, ...indexOf(line, extended) };
}

function changeOf(line: number, extended: Map<ExtendedLine, string>): PatchChange {
  const said: PatchChange[] = [];
  if (extended.has('new file mode ')) said.push('added');
  if (extended.has('deleted file mode ')) said.push('deleted');
  if (extended.has('rename from ') || extended.has('rename old ') || extended.has('rename to '))
    said.push('renamed');
  if (extended.has('copy from ') || extended.has('copy to ')) said.push('copied');
  if (said.length > 1) refuse(line, `the file is ${said.join(' and ')} at once`);
  return said[0] ?? 'modified';
}

/** The names of a rename or copy. They have no `a/` and `b/`, so that one folder less is stripped. */
function movedNames(line: number, extended: Map<ExtendedLine, string>, level: number): Names | undefined {
  const from = extended.get('rename from ') ?? extended.get('rename old ') ?? extended.get('copy from ');
  const to = extended.get('rename to ') ?? extended.get('rename new ') ?? extended.get('copy to ');
  if (from === undefined && to === undefined) return undefined;
  const [oldName, newName] = [from, to].map((text) => {
    const name = text?.startsWith('"') ? unquoteName(text)?.name : text;
    return name === undefined
      ? refuse(line, 'a rename or copy without both names')
      : stripped(line, name, level);
  });
  return { oldName, newName };
}

/** The one name that all lines give; the pair on the `diff --git` line counts only where nothing else names the file. */
function agreed(
  line: number,
  isWanted: boolean,
  said: (string | undefined)[],
  found: { names: Names | undefined; common: string | undefined },
): string | undefined {
  const names = new Set(said.filter((name) => name !== undefined));
  if (!isWanted) return names.size === 0 ? undefined : refuse(line, 'a name where /dev/null is due');
  if (names.size === 0 && found.names === undefined && found.common !== undefined) names.add(found.common);
  const [name, other] = names;
  if (other !== undefined)
    refuse(line, `the names ${quoted(name ?? '')} and ${quoted(other)} contradict each other`);
  return name ?? refuse(line, 'the header does not say which file it is about');
}

function indexOf(
  line: number,
  extended: Map<ExtendedLine, string>,
): Pick<PatchHeader, 'mode' | 'hasFullIndex'> {
  const [, before = '', after = '', kept] = INDEX.exec(extended.get('index ') ?? '') ?? [];
  const said = ['new file mode ', 'new mode ', 'deleted file mode '] as const;
  const mode = said.map((key) => extended.get(key)).find((value) => value !== undefined) ?? kept;
  for (const value of [mode, extended.get('old mode ')]) {
    if (value !== undefined && !MODE.test(value))
      refuse(line, `'${utf8Of(value.slice(0, 20))}' is not the mode of a file`);
  }
  const isFull = (id: string) => id.length === 40 || id.length === 64;
  return { mode, hasFullIndex: isFull(before) && isFull(after) };
}

/** Reads `--- A` and `+++ B` outside of git's format; undefined if no hunk follows, as in svn's property changes. */
export function readPlainHeader(cursor: LineCursor, level: number): PatchHeader | undefined {
  const line = cursor.number;
  const names = readNamePair(cursor, level);
  if (names === undefined || !cursor.startsWith('@@ -')) return undefined;
  const { oldName, newName } = names;
  if (oldName === undefined && newName === undefined) refuse(line, 'both names are /dev/null');
  const change = oldName === undefined ? 'added' : newName === undefined ? 'deleted' : 'modified';
  return { change, oldName, newName, mode: undefined, isComplete: false, hasFullIndex: false, line };
}

/** A name for a reason: as text in quotes; `checkPatch` makes the whole reason printable. */
export function quoted(name: string): string {
  return `'${utf8Of(name.slice(0, 200))}'`;
}
