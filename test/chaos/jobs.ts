/**
 * What is built during chaos: jobs whose truth is known before they run. Every step prints files that were made from the
 * seed, notes each of its starts in a ledger outside of all daemons, and may leave processes behind that try to get away.
 */
import { FAILURE, type Results, SUCCESS } from '@buildbot/shared';
import type { Random } from './random.ts';

/** How a job is handed in: as a file of the try directory, through `buildbot tryserver`, or through the API. */
export type Door = 'file' | 'tryserver' | 'force';

/** Ways in which a process tries to outlive its command (row 29 of the fault matrix). */
export const ESCAPES = {
  background: (program: string) => `${program} &`,
  session: (program: string) => `setsid ${program} &`,
  'double fork': (program: string) => `(setsid ${program} &) &`,
  'deaf to TERM': (program: string) => `sh -c 'trap "" TERM HUP INT; exec ${program}' &`,
  'empty environment': (program: string) => `env -i PATH="$PATH" setsid ${program} &`,
  'pipes let go': (program: string) => `(setsid env -i PATH="$PATH" ${program} <&- >/dev/null 2>&1 &) &`,
  'all marks dropped': (program: string) =>
    `(ulimit -S -f unlimited; setsid env -i PATH="$PATH" ${program} <&- >/dev/null 2>&1 &) &`,
} as const;

export type Escape = keyof typeof ESCAPES;

/** Those that are stopped wherever there are processes; the others need control groups. */
export const MARKED_ESCAPES = (Object.keys(ESCAPES) as Escape[]).filter((way) => way !== 'all marks dropped');
export const ALL_ESCAPES = Object.keys(ESCAPES) as Escape[];

export interface JobStep {
  /** What it prints, in this order: numbers of texts. */
  texts: number[];
  /** After each text. Seconds. */
  pause: number;
  /** Exit code. */
  code: number;
  escapes: readonly Escape[];
}

export interface Job {
  id: string;
  builder: 'one' | 'three';
  door: Door;
  /** When it is handed in, after the begin of the round. Milliseconds. */
  atMs: number;
  steps: JobStep[];
}

/** Builders and the number of their steps. */
export const BUILDERS = { one: 1, three: 3 } as const;

export interface JobOptions {
  count: number;
  /** Time over which they come in. Milliseconds. */
  spanMs: number;
  /** Number of texts to print from. */
  texts: number;
  /** Share of the steps that leave processes behind, and how these may try to get away. */
  escapes: number;
  ways: readonly Escape[];
  /** Jobs' ids begin with it. */
  prefix: string;
}

/** All jobs of one round. */
export function planJobs(random: Random, options: JobOptions): Job[] {
  return Array.from({ length: options.count }, (_, index) => {
    const builder = random.pick(['one', 'one', 'three'] as const);
    return {
      id: `${options.prefix}-${index}`,
      builder,
      // A `tryserver` is a process of its own: dear, so only now and then.
      door: random.pick(['file', 'file', 'file', 'file', 'force', 'force', 'force', 'tryserver'] as const),
      atMs: random.below(options.spanMs + 1),
      steps: Array.from({ length: BUILDERS[builder] }, () => planStep(random, options)),
    };
  });
}

function planStep(random: Random, { texts, escapes, ways }: JobOptions): JobStep {
  return {
    texts: Array.from({ length: random.between(0, 4) }, () => random.below(texts)),
    pause: random.between(0, 30) / 100,
    code: random.chance(0.1) ? 3 : 0,
    escapes: random.chance(escapes) ? [random.pick(ways), random.pick(ways)] : [],
  };
}

/** What comes of a job that nothing keeps from its end. */
export function resultsOf({ steps }: Pick<Job, 'steps'>): Results {
  return steps.some(({ code }) => code !== 0) ? FAILURE : SUCCESS;
}

/**
 * The script of a step: `sh SCRIPT KEY FOLDER`. It works in FOLDER/run/KEY, and so does whatever it leaves behind: by that
 * folder a process is known to belong to the key, whatever else it has changed about itself.
 */
export function scriptOf(jobId: string, { texts, pause, code, escapes }: JobStep): string {
  const fugitive = 'sh "$folder/fugitive.sh" "$key" "$folder"';
  return [
    'key=$1 folder=$2; export key folder',
    'mkdir -p "$folder/run/$key" && cd "$folder/run/$key" || exit 99',
    `echo "start $key ${jobId}" >> "$folder/ledger"`,
    ...escapes.map((way) => ESCAPES[way](fugitive)),
    ...texts.flatMap((text) => [`cat "$folder/texts/${text}"`, `sleep ${pause}`]),
    'echo "end $key" >> "$folder/ledger"',
    `exit ${code}`,
    '',
  ].join('\n');
}

/**
 * The program of those who try to get away: notes that it lives, then sleeps for ever. It keeps the pipe of its error output
 * open but says nothing there: a shell whose `sleep` is ended would, in a log that is compared with the truth.
 */
export const FUGITIVE = [
  'exec 3>&2 2>/dev/null',
  'echo "fugitive $1 $$" >> "$2/ledger"',
  'while :; do sleep 1; done',
  '',
].join('\n');

/** One line of the ledger. */
export type LedgerLine =
  | { kind: 'start'; key: string; jobId: string }
  | { kind: 'end'; key: string }
  | { kind: 'fugitive'; key: string; pid: number };

export function parseLedger(text: string): LedgerLine[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line): LedgerLine => {
      const [kind, key = '', value = ''] = line.split(' ');
      if (kind === 'start') return { kind, key, jobId: value };
      if (kind === 'end') return { kind, key };
      return { kind: 'fugitive', key, pid: Number(value) };
    });
}

/** How a text looks: what has broken logs before. */
const SHAPES = [
  'empty',
  'lines',
  'short lines',
  'one long line',
  'noise',
  'no final newline',
  'redraws',
] as const;

/** Text number `index`, at most `maxBytes` long. */
export function makeText(random: Random, index: number, maxBytes: number): Buffer {
  const size = random.magnitude(Math.ceil(maxBytes / 200), maxBytes);
  switch (SHAPES[index % SHAPES.length]) {
    case 'empty':
      return Buffer.alloc(0);
    case 'lines':
      return repeated(random, size, (n) => `[${n}] cc -O2 -c file-${(n * 7919) % 10_007}.c\n`);
    case 'short lines':
      return repeated(random, Math.min(size, 100_000), (n) => `${n % 10}\n`);
    case 'one long line':
      return Buffer.alloc(size, `x${random.below(1e9)}`);
    case 'no final newline':
      return Buffer.from(
        `${'half a line, cut in a character: '.repeat(random.between(1, 50))}\xc3`,
        'latin1',
      );
    case 'redraws':
      return repeated(random, Math.min(size, 200_000), (n) => `\r\x1b[K${n % 101} %`);
    default:
      return noise(random, size);
  }
}

function repeated(random: Random, size: number, line: (n: number) => string): Buffer {
  const parts: string[] = [];
  let length = 0;
  for (let n = random.below(1e6); length < size; n++) {
    const text = line(n);
    parts.push(text);
    length += text.length;
  }
  return Buffer.from(parts.join(''));
}

/** Bytes of any value: NUL, invalid UTF-8, escape sequences; they do not compress. */
function noise(random: Random, size: number): Buffer {
  const bytes = Buffer.alloc(size + 4);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE(random.below(2 ** 32), at);
  return bytes.subarray(0, size);
}
