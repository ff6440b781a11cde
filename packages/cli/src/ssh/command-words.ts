/**
 * Splits the text of `--ssh COMMAND` into words the way a POSIX shell would, without running one: blanks separate,
 * single quotes keep all, double quotes keep all but `\"`, `\\`, `\$` and `` \` ``, a backslash keeps the next
 * character. Nothing is expanded.
 */

import { UserError } from '@buildbot/shared';

// A word is a run of pieces: 'single' | "double" | \x | other characters.
const PIECE =
  /'(?<single>[^']*)'|"(?<double>(?:\\.|[^"\\])*)"|\\(?<escaped>.)|(?<bare>[^\s'"\\]+)|(?<blank>\s+)/sy;

/** @throws UserError on an unfinished quote, and when there is no word at all */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  PIECE.lastIndex = 0;
  while (PIECE.lastIndex < text.length) {
    const position = PIECE.lastIndex;
    const groups = PIECE.exec(text)?.groups;
    if (!groups) throw unfinished(text, position);
    if (groups.blank !== undefined) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + textOf(groups);
    }
  }
  if (word !== undefined) words.push(word);
  if (words.length === 0) throw new UserError('The ssh command is empty', { hint: 'Try --ssh ssh.' });
  return words;
}

function textOf({ single, double, escaped, bare }: Record<string, string | undefined>): string {
  if (double !== undefined)
    return double.replace(/\\(\n|["\\$`])/g, (_, kept) => (kept === '\n' ? '' : kept));
  if (escaped !== undefined) return escaped === '\n' ? '' : escaped;
  return single ?? bare ?? '';
}

function unfinished(text: string, position: number): UserError {
  return new UserError(
    `The ssh command ${JSON.stringify(text)} has an unfinished quote at character ${position + 1}`,
  );
}
