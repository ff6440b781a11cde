/** What follows the header of one file in a patch: the hunks of a text, or a `GIT binary patch`. */

import type { LineCursor } from './line-cursor.ts';
import { refuse } from './patch-refusal.ts';

const HUNK = /^@@ -\d{1,10}(?:,(\d{1,10}))? \+\d{1,10}(?:,(\d{1,10}))? @@/;
const BINARY_PART = /^(literal|delta) (\d{1,15})$/;

const SPACE = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const ESCAPE = 0x1b;

/** What the hunks of one file come to. */
export interface Hunks {
  /** Whether each hunk takes nothing away and stands on nothing: the text of a new file. */
  hasNoOld: boolean;
  /** Whether nothing is left: the text of a deleted file. */
  hasNoNew: boolean;
  /** If the new side is one added line without a newline, as a symbolic link's target is: that line in latin1. */
  onlyLine: string | undefined;
}

/** Reads all hunks from the present line on; the cursor is then on the line after them. */
export function readHunks(cursor: LineCursor): Hunks {
  const hunks: Hunks = { hasNoOld: true, hasNoNew: true, onlyLine: undefined };
  for (let count = 0; cursor.startsWith('@@ -'); count++) {
    const onlyLine = readHunk(cursor, hunks);
    hunks.onlyLine = count === 0 ? onlyLine : undefined;
  }
  return hunks;
}

function readHunk(cursor: LineCursor, hunks: Hunks): string | undefined {
  const [header, oldCount = '1', newCount = '1'] = HUNK.exec(cursor.text(0, 80)) ?? [];
  if (header === undefined) return refuse(cursor.number, 'a damaged hunk header');
  const left = { old: Number(oldCount), new: Number(newCount) };
  hunks.hasNoOld &&= left.old === 0;
  hunks.hasNoNew &&= left.new === 0;
  let onlyLine: string | undefined;
  for (cursor.next(); left.old > 0 || left.new > 0; cursor.next()) {
    const isAdded = cursor.firstByte === PLUS;
    readHunkLine(cursor, left);
    if (isAdded && newCount === '1') onlyLine = cursor.rawText(1, 5000);
  }
  if (cursor.firstByte !== BACKSLASH) return undefined;
  cursor.next();
  return onlyLine;
}

/** Counts one line of a hunk. Git takes an empty line for an empty line of context; so do some mailers' readers. */
function readHunkLine(cursor: LineCursor, left: { old: number; new: number }): void {
  if (cursor.atEnd) refuse(cursor.number, 'the patch ends inside a hunk');
  const first = cursor.length === 0 ? SPACE : cursor.firstByte;
  if (first === BACKSLASH) return;
  if (first === ESCAPE) refuse(cursor.number, 'a coloured diff: make it without colour');
  if (first !== SPACE && first !== PLUS && first !== MINUS) refuse(cursor.number, 'a damaged hunk');
  if (first !== PLUS) left.old--;
  if (first !== MINUS) left.new--;
  if (left.old < 0 || left.new < 0) refuse(cursor.number, 'a hunk with more lines than its header says');
}

/** Reads the parts after `GIT binary patch`: the new content and, if given, the old. Gives the sizes they declare, in bytes. */
export function readBinary(cursor: LineCursor): number {
  cursor.next();
  let declared = 0;
  let parts = 0;
  for (; parts < 2; parts++) {
    const [header, , size] = BINARY_PART.exec(cursor.text(0, 40)) ?? [];
    if (header === undefined) break;
    declared += Number(size);
    readBase85(cursor);
  }
  if (parts === 0) refuse(cursor.number, 'a damaged binary patch');
  return declared;
}

/** Lines of base85 up to a blank one. The first letter of each is its length in bytes: A-Z 1 to 26, a-z 27 to 52. */
function readBase85(cursor: LineCursor): void {
  for (cursor.next(); !cursor.isBlank; cursor.next()) {
    const line = cursor.text(0, 100);
    const letter = line.charCodeAt(0);
    const bytes = letter >= 0x61 ? letter - 0x61 + 27 : letter - 0x41 + 1;
    const isFit = /^[A-Za-z][0-9A-Za-z!#$%&()*+\-;<=>?@^_`{|}~]*$/.test(line);
    if (!isFit || line.length !== 1 + 5 * Math.ceil(bytes / 4))
      refuse(cursor.number, 'a damaged binary patch');
  }
  if (cursor.atEnd) refuse(cursor.number, 'the patch ends inside a binary file');
  cursor.next();
}
