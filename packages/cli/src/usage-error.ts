/** What oclif's parser refuses, in words of our own: with the flag that was meant, and one line on where to look. */
import { nearest, sanitizeName, UserError } from '@buildbot/shared';

/** The command that was called, as it calls itself, and its flags. */
export interface CalledCommand {
  name: string;
  flags: Readonly<Record<string, { type: 'boolean' | 'option'; allowNo?: boolean }>>;
}

/** The error itself if it is none of oclif's. */
export function usageErrorOf(error: Error, command: CalledCommand): Error {
  if (!('oclif' in error)) return error;
  const unknown = 'flags' in error && Array.isArray(error.flags) ? error.flags.map(String) : [];
  if (unknown.length > 0) return unknownFlags(unknown, command);
  const message = error.message.replace(/\nSee more help with --help$/, '');
  return new UserError(message, { hint: `See 'buildbot ${command.name} --help'.`, cause: error });
}

function unknownFlags(given: readonly string[], { name, flags }: CalledCommand): UserError {
  const known = Object.entries(flags).flatMap(([flag, { type, allowNo }]) =>
    type === 'boolean' && allowNo ? [`--${flag}`, `--no-${flag}`] : [`--${flag}`],
  );
  const names = given.map((flag) => flag.split('=')[0] ?? '');
  const meant = names.flatMap((flag) => (flag.startsWith('--') ? (nearest(flag, known) ?? []) : []));
  const guess = meant.length === 0 ? '' : `Did you mean ${meant.join(' ')}? `;
  const shown = names.map((flag) => sanitizeName(flag, { maxLength: 80 })).join(', ');
  return new UserError(`buildbot ${name} has no flag ${shown}`, {
    hint: `${guess}'buildbot ${name} --help' lists its flags.`,
  });
}
