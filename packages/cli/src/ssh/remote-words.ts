/** One line for the remote shell out of separate words, each arriving there exactly as it is here. */

import { UserError } from '@buildbot/shared';

// Without `=` (an assignment in front of a command, `=cmd` in zsh) and `~`: these words mean themselves in every shell.
const PLAIN = /^[A-Za-z0-9_./:@%+,-]+$/;

/**
 * Joins `argv` for sh, bash, zsh, dash and ksh.
 * @throws UserError when a word holds a NUL, which no argument can, or the program's name looks like an option: the
 *   user's own `ssh` reads options after the host, too
 */
export function joinRemoteWords(argv: readonly string[]): string {
  return quoteRemoteWords(argv).join(' ');
}

/** The same, word by word. */
export function quoteRemoteWords(argv: readonly string[]): string[] {
  const [program] = argv;
  if (program === undefined || program === '' || program.startsWith('-')) {
    throw new UserError(`${JSON.stringify(program ?? '')} cannot be run over SSH`, {
      hint: 'Name a program, such as "buildbot" or its full path.',
    });
  }
  return argv.map(quote);
}

function quote(word: string): string {
  if (word.includes('\0'))
    throw new UserError(`${JSON.stringify(word)} cannot be an argument: it holds a NUL`);
  if (PLAIN.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}
