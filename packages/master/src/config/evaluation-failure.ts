/** What Node writes to standard error when a configuration in code cannot be read or throws, as a problem with its place. */
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FileProblem } from '@buildbot/shared';

/** `FILE:LINE`, the lines around it, a caret below the column, and then the error with its stack. */
const PLACE = /^(file:\/\/\/.+|\/.+|[A-Za-z]:[\\/].+):(\d+)\n(?:.*\n){1,3}?([ \t]*)\^+[^\n]*\n\s*([^\n]+)/m;

/** `stderr` of the process that evaluated `file`. */
export function explainFailure(file: string, stderr: string): FileProblem {
  const [, where, line, indentation, error] = PLACE.exec(stderr) ?? [];
  if (where === undefined || line === undefined || indentation === undefined || error === undefined)
    return {
      file: basename(file),
      line: null,
      column: null,
      path: '',
      message: lastLine(stderr),
      hint: null,
    };
  const source = where.startsWith('file:') ? fileURLToPath(where) : where;
  return {
    file: basename(source),
    line: Number(line),
    column: indentation.length + 1,
    path: '',
    message: withoutCode(error),
    hint: null,
  };
}

/** An error without a place of its own, such as a module that is not there: what it says, without its stack. */
function lastLine(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  const error = lines.find((line) => /^\w*Error\b.*: /.test(line));
  return withoutCode(
    error ?? lines.findLast((line) => line !== '' && !/^(?:at |Node\.js v)/.test(line)) ?? '',
  );
}

/** `SyntaxError [ERR_INVALID_TYPESCRIPT_SYNTAX]: Expression expected` without what stands in brackets. */
function withoutCode(error: string): string {
  return error.replace(/^(\w+) \[\w+\]: /, '$1: ');
}
