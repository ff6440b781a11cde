/** How every benchmark reports: one JSON line per figure, beside the physical floor or the peer, with its conditions. */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';

export interface Figure {
  bench: string;
  figure: string;
  value: number;
  unit: 'µs' | 'ms' | 's' | 'MB' | 'MB/s' | 'KiB/s' | '1/s' | '1/min' | '%';
  /** What it is held against, measured in the same run. */
  beside?: { what: string; value: number };
  /** What `docs/status.md` aims at. */
  aim?: string;
  conditions: Record<string, unknown>;
}

/** Print one figure; `ratio` is value divided by what it stands beside. */
export function report(figure: Figure): void {
  const { value, beside } = figure;
  const line = {
    ...figure,
    value: round(value),
    ...(beside
      ? { beside: { ...beside, value: round(beside.value) }, ratio: round(value / beside.value) }
      : {}),
    conditions: {
      ...figure.conditions,
      cores: availableParallelism(),
      load: round(loadavg()[0] ?? 0),
      node: process.version,
    },
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}

/** The middle one; of an even number, the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  return ((sorted[Math.floor(half)] ?? 0) + (sorted[Math.ceil(half) - 1] ?? 0)) / 2;
}

/** Milliseconds that `action` takes. */
export async function timed(action: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await action();
  return performance.now() - begin;
}

/** Fields of proc(5)'s stat from the third on. */
function statOf(pid: number | 'self'): number[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
}

/** Processor time of a process so far (fields 14 and 15, in hundredths of a second). */
export function cpuMs(pid: number): number {
  const fields = statOf(pid);
  return ((fields[11] ?? 0) + (fields[12] ?? 0)) * 10;
}

/** Processor time of all children of this process that have ended (fields 16 and 17). */
export function childCpuMs(): number {
  const fields = statOf('self');
  return ((fields[13] ?? 0) + (fields[14] ?? 0)) * 10;
}
