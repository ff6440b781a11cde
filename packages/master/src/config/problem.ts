/** What is wrong with a configuration, where, and what to do about it. */
import { UserError } from '@buildbot/shared';

export interface ConfigProblem {
  file: string;
  /** From 1; `null` where the source has no positions (a TypeScript configuration). */
  line: number | null;
  column: number | null;
  /** Where in the model: `builders[0].steps[1].timeout`. */
  path: string;
  message: string;
  /** What to do: the nearest key, an example, … */
  hint: string | null;
}

/** One line per problem: `master.yaml:12:5: builders[0].wrokers: unknown key (did you mean "workers"?)`. */
export function formatProblem({ file, line, column, path, message, hint }: ConfigProblem): string {
  const place = line === null ? file : `${file}:${line}:${column ?? 1}`;
  return `${place}: ${path === '' ? '' : `${path}: `}${message}${hint === null ? '' : ` (${hint})`}`;
}

/** All problems of one configuration as the error that the daemon and `checkconfig` print. */
export class ConfigError extends UserError {
  readonly problems: ConfigProblem[];

  constructor(problems: ConfigProblem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.problems = problems;
  }
}
