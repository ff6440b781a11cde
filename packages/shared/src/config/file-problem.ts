/** What is wrong with a configuration file, where, and what to do about it. */
import { UserError } from '../errors.ts';
import { sanitizeName } from '../text/visible.ts';
import { type Fault, formatPath } from './faults.ts';

export interface FileProblem {
  file: string;
  /** From 1; `null` where the problem has no place in the file. */
  line: number | null;
  column: number | null;
  /** Where in the model: `builders[0].steps[1].timeout`. */
  path: string;
  message: string;
  /** What to do: the nearest key, an example, … */
  hint: string | null;
}

/** A position from 1. */
export interface Position {
  line: number;
  column: number;
}

/** A file whose values may have positions. */
export interface FilePlace {
  file: string;
  source: {
    /** Where a value stands; of a missing one, its nearest parent that is there. */
    locate(path: readonly PropertyKey[]): Position;
    /** Where a key itself stands. */
    locateKey(path: readonly PropertyKey[]): Position;
  } | null;
}

/** A fault with its place in the file. */
export function problemIn({ file, source }: FilePlace, { path, message, hint, isKey }: Fault): FileProblem {
  const position = (isKey ? source?.locateKey(path) : source?.locate(path)) ?? null;
  const { line, column } = position ?? { line: null, column: null };
  return { file, line, column, path: formatPath(path), message, hint };
}

/** One printable line: `master.yaml:12:5: builders[0].wrokers: unknown key (did you mean "workers"?)`. */
function formatFileProblem({ file, line, column, path, message, hint }: FileProblem): string {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  const text = `${place}: ${path === '' ? '' : `${path}: `}${message}${hint === null ? '' : ` (${hint})`}`;
  return sanitizeName(text, { maxLength: MAX_LINE });
}

/** Enough for any path, name and hint; a value of megabytes is not told whole. */
const MAX_LINE = 2000;

/** All problems of one configuration, in the order of their places, as the error that the daemons print. */
export class ConfigError extends UserError {
  readonly problems: readonly FileProblem[];

  constructor(problems: readonly FileProblem[]) {
    const sorted = problems.toSorted(
      (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
    );
    // Two checks may find the same thing.
    super([...new Set(sorted.map(formatFileProblem))].join('\n'));
    this.problems = sorted;
  }
}
