/** What `npm run chaos` was asked for, and how large a round is. */
import { parseArgs } from 'node:util';
import { UserError } from '@buildbot/shared';
import { FAULT_KINDS, type FaultKind } from './fault-plan.ts';
import type { RoundOptions } from './round.ts';

export interface ChaosOptions {
  /** Rounds to play, or minutes to play for. */
  until: { rounds: number } | { minutes: number };
  /** Seed of the first round; each further one has the next number. */
  seed: number;
  round: Omit<RoundOptions, 'seed' | 'signal'>;
}

export const USAGE = `usage: npm run chaos -- [options]

  --minutes N      play rounds for so long (default 1)
  --rounds N       play so many rounds
  --seed S         seed of the first round; the next one has S+1
  --faults LIST    which faults, separated by commas (default: all)
                   ${FAULT_KINDS.join(', ')}
  --count N        faults in a round (default 20)
  --jobs N         jobs in a round (default 40)
  --workers N      workers (default 3)
`;

/** A round that takes some twenty seconds. */
export const DEFAULT_ROUND: ChaosOptions['round'] = {
  kinds: FAULT_KINDS,
  faults: 20,
  jobs: 40,
  workers: 3,
  spanMs: 8_000,
  maxTextBytes: 500_000,
  maxWaitMs: 1_500,
  maxFreezeMs: 4_000,
  graceMs: 60_000,
  escapes: 0.1,
  settleMs: 90_000,
};

/** Throws `UserError` for what makes no sense. */
export function readOptions(argv: readonly string[], randomSeed: () => number): ChaosOptions {
  const { values } = parse(argv);
  const { minutes, rounds, seed, faults, count, jobs, workers } = values;
  return {
    until:
      rounds === undefined
        ? { minutes: positive('--minutes', minutes ?? '1') }
        : { rounds: wholeNumber('--rounds', rounds) },
    seed: seed === undefined ? randomSeed() : wholeNumber('--seed', seed),
    round: {
      ...DEFAULT_ROUND,
      ...(faults === undefined ? {} : { kinds: faults.split(',').map(faultKind) }),
      ...(count === undefined ? {} : { faults: wholeNumber('--count', count) }),
      ...(jobs === undefined ? {} : { jobs: wholeNumber('--jobs', jobs) }),
      ...(workers === undefined ? {} : { workers: wholeNumber('--workers', workers) }),
    },
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        ...{ minutes: text, rounds: text, seed: text, faults: text, count: text, jobs: text, workers: text },
      },
    });
  } catch (error) {
    throw new UserError(error instanceof Error ? error.message : String(error), {
      hint: USAGE,
      cause: error,
    });
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new UserError(`${name} is '${text}': expected a number above 0`, { hint: USAGE });
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new UserError(`${name} is '${text}': expected a whole number`, { hint: USAGE });
}

function faultKind(name: string): FaultKind {
  const kind = FAULT_KINDS.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new UserError(`there are no faults '${name}': expected some of ${FAULT_KINDS.join(', ')}`, {
    hint: USAGE,
  });
}

/** The command that plays a round again. */
export function commandFor(seed: number, { kinds, faults, jobs, workers }: ChaosOptions['round']): string {
  return [
    `npm run chaos -- --seed ${seed} --rounds 1 --faults ${kinds.join(',')}`,
    `--count ${faults} --jobs ${jobs} --workers ${workers}`,
  ].join(' ');
}
