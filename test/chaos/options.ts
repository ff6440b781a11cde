/** What `npm run chaos` was asked for, and how large a round is. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
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

/** The sizes of a round under the names of their options, with what they say. */
const SIZES: Record<string, [keyof Omit<ChaosOptions['round'], 'kinds'>, string]> = {
  count: ['faults', 'faults in a round'],
  jobs: ['jobs', 'jobs in a round'],
  workers: ['workers', 'workers'],
  span: ['spanMs', 'time over which the jobs come in, in milliseconds'],
  text: ['maxTextBytes', 'longest text that a step prints, in bytes'],
  wait: ['maxWaitMs', 'longest wait between two faults of one process or link'],
  freeze: ['maxFreezeMs', 'longest freeze or silence'],
  grace: ['graceMs', 'how long master and worker wait for one another'],
  escapes: ['escapes', 'share of the steps that leave processes behind'],
  settle: ['settleMs', 'time to come to rest after the faults'],
};

export const USAGE = `usage: npm run chaos -- [options]

  --minutes N     play rounds for so long (default 1)
  --rounds N      play so many rounds
  --seed S        seed of the first round; the next one has S+1
  --faults LIST   which faults, separated by commas (default: all)
                  ${FAULT_KINDS.join(', ')}
${Object.entries(SIZES)
  .map(([name, [key, text]]) => `  ${`--${name} N`.padEnd(16)}${text} (default ${DEFAULT_ROUND[key]})`)
  .join('\n')}
`;

/** Throws `UserError` for what makes no sense. */
export function readOptions(argv: readonly string[], randomSeed: () => number): ChaosOptions {
  const values = parse(argv);
  const round = { ...DEFAULT_ROUND };
  for (const [name, [key]] of Object.entries(SIZES)) {
    if (values[name] !== undefined) round[key] = number(name, values[name]);
  }
  const { minutes = '1', rounds, seed, faults } = values;
  return {
    until:
      rounds === undefined
        ? { minutes: number('minutes', minutes) }
        : { rounds: wholeNumber('rounds', rounds) },
    seed: seed === undefined ? randomSeed() : wholeNumber('seed', seed),
    round: faults === undefined ? round : { ...round, kinds: faults.split(',').map(faultKind) },
  };
}

function parse(argv: readonly string[]): Record<string, string | undefined> {
  const names = ['minutes', 'rounds', 'seed', 'faults', ...Object.keys(SIZES)];
  const options: ParseArgsOptionsConfig = Object.fromEntries(names.map((name) => [name, { type: 'string' }]));
  try {
    return parseArgs({ args: [...argv], options }).values as Record<string, string>;
  } catch (cause) {
    throw new UserError(cause instanceof Error ? cause.message : String(cause), { hint: USAGE, cause });
  }
}

function number(name: string, text: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new UserError(`--${name} is '${text}': expected a number, 0 or more`, { hint: USAGE });
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new UserError(`--${name} is '${text}': expected a whole number`, { hint: USAGE });
}

function faultKind(name: string): FaultKind {
  const kind = FAULT_KINDS.find((known) => known === name);
  if (kind !== undefined) return kind;
  throw new UserError(`there are no faults '${name}': expected some of ${FAULT_KINDS.join(', ')}`, {
    hint: USAGE,
  });
}

/** The command that plays a round again. */
export function commandFor(seed: number, round: ChaosOptions['round']): string {
  const sizes = Object.entries(SIZES)
    .filter(([, [key]]) => round[key] !== DEFAULT_ROUND[key])
    .map(([name, [key]]) => ` --${name} ${round[key]}`);
  const kinds = round.kinds === FAULT_KINDS ? '' : ` --faults ${round.kinds.join(',')}`;
  return `npm run chaos -- --seed ${seed} --rounds 1${kinds}${sizes.join('')}`;
}
