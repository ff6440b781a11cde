/** An availability as people write it on a command line: a word, `--for` and `--reason`. */
import {
  AVAILABILITIES,
  type Availability,
  isAvailability,
  isPrintableLine,
  MAX_REASON,
  nearest,
  parseDuration,
  sanitizeName,
  UserError,
} from '@buildbot/shared';

/** As it was written. */
export interface AvailabilityWords {
  availability: string;
  for?: string | undefined;
  reason?: string | undefined;
}

export interface AvailabilityOrder {
  availability: Availability;
  /** Milliseconds, `null` for open. */
  forMs: number | null;
  reason: string | null;
}

/** @throws UserError with the nearest word there is */
export function parseAvailability(words: AvailabilityWords): AvailabilityOrder {
  const { availability, reason = '' } = words;
  if (!isAvailability(availability)) throw unknownWord(availability);
  if (reason.length > MAX_REASON || !isPrintableLine(reason)) {
    throw new UserError(`--reason must be one printable line of at most ${MAX_REASON} characters`);
  }
  return { availability, forMs: durationOf(words.for), reason: reason === '' ? null : reason };
}

function unknownWord(word: string): UserError {
  const near = nearest(word, AVAILABILITIES);
  const hint =
    near === undefined ? `Expected ${AVAILABILITIES.toReversed().join(', ')}.` : `Did you mean '${near}'?`;
  return new UserError(`'${sanitizeName(word, { maxLength: 80 })}' is no availability`, { hint });
}

function durationOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new UserError(`--for: ${parsed.reason}`);
  if (parsed.ms === 0) throw new UserError('--for must not be nothing');
  return parsed.ms;
}
