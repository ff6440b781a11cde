/** The counts of a run: a table for people, one line of JSON for programs, and how to see a failure again. */
import { VIOLATION_KINDS, type ViolationKind } from './checker.ts';
import type { RoundResult } from './round.ts';

/** Everything that is counted, summed over all rounds. */
export interface Totals {
  rounds: number;
  faults: Record<string, number>;
  accepted: number;
  builds: number;
  starts: number;
  retried: Record<string, number>;
  cancelled: number;
  logs: number;
  logBytes: number;
  events: number;
  fugitives: number;
  connections: number;
  violations: Record<ViolationKind, number>;
  /** Milliseconds from a master's start until it served. */
  recovery: { p50: number; p99: number; max: number };
}

const SUMMED = [
  'accepted',
  'builds',
  'starts',
  'cancelled',
  'logs',
  'logBytes',
  'events',
  'fugitives',
  'connections',
] as const;

export function totalsOf(results: readonly RoundResult[]): Totals {
  const found = results.flatMap(({ violations }) => violations);
  const countOf = (kind: ViolationKind): number =>
    found.filter((violation) => violation.kind === kind).length;
  const sum = (name: (typeof SUMMED)[number]): number =>
    results.reduce((all, result) => all + result[name], 0);
  return {
    rounds: results.length,
    faults: summed(results.map(({ faults }) => faults)),
    retried: summed(results.map(({ retried }) => retried)),
    ...(Object.fromEntries(SUMMED.map((name) => [name, sum(name)])) as Record<
      (typeof SUMMED)[number],
      number
    >),
    violations: Object.fromEntries(
      VIOLATION_KINDS.map((kind) => [kind, countOf(kind)]),
    ) as Totals['violations'],
    recovery: recoveryOf(results.flatMap(({ recoveries }) => recoveries)),
  };
}

function summed(counts: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((map) => [...map])) all[name] = (all[name] ?? 0) + count;
  return all;
}

/** Nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0);
}

function recoveryOf(values: readonly number[]): Totals['recovery'] {
  return { p50: percentile(values, 0.5), p99: percentile(values, 0.99), max: percentile(values, 1) };
}

export function table(totals: Totals): string {
  const { recovery } = totals;
  const rows: [string, string | number][] = [
    ['rounds', totals.rounds],
    ...Object.entries(totals.faults).map(([kind, count]): [string, number] => [`fault: ${kind}`, count]),
    ['requests accepted', totals.accepted],
    ['builds', totals.builds],
    ...Object.entries(totals.retried).map(([reason, count]): [string, number] => [
      `  again: ${reason}`,
      count,
    ]),
    ['requests cancelled', totals.cancelled],
    ['logs compared', totals.logs],
    ['  megabytes', (totals.logBytes / 1e6).toFixed(1)],
    ['events', totals.events],
    ['connections of workers', totals.connections],
    ['processes that tried to get away', totals.fugitives],
    ['master back after', `p50 ${recovery.p50} ms, p99 ${recovery.p99} ms, at most ${recovery.max} ms`],
    ...VIOLATION_KINDS.map((kind): [string, number] => [`✗ ${kind}`, totals.violations[kind]]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows.map(([name, value]) => `${name.padEnd(width)}${value}`).join('\n');
}

/** What broke in a round, how to see it again, and where what is left of it lies. */
export function failureText(result: RoundResult, command: string): string {
  return [
    ...result.violations.map(({ kind, text }) => `✗ ${kind}: ${text}`),
    `SEED=${result.seed} reproduces: ${command}`,
    `left for you: ${result.left}`,
  ].join('\n');
}
