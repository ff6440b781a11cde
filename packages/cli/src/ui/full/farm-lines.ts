/** The lists of the farm as lines, one for each row that is in the window. */
import { displayWidth, type FarmRow, formatDuration } from '@buildbot/shared';
import type { Section } from '../../view/farm-items.ts';
import type { FarmRowDetail, WorkerState } from '../../view/farm-rows.ts';
import { shortTimeLeft } from '../../view/time-left.ts';
import { resultMark, verdictText } from '../../view/verdict.ts';
import { bar } from '../bar.ts';
import { fit } from '../cells.ts';
import { lookOfResults } from '../fact-lines.ts';
import { type Line, type Look, type Span, span } from '../line.ts';
import type { Window } from '../try-layout.ts';
import type { FullKeys } from './full-keys.ts';

/** Of the columns, in cells. */
interface Widths {
  name: number;
  step: number;
  bar: number;
}

type RowOf<K extends FarmRowDetail['kind']> = Extract<FarmRowDetail, { kind: K }>;

export function farmLines(rows: readonly FarmRowDetail[], keys: FullKeys, { columns }: Window): Line[] {
  const longest = Math.max(8, ...rows.map((row) => displayWidth(nameOf(row))));
  const widths: Widths = {
    name: Math.min(longest, Math.max(8, Math.floor(columns * 0.3))),
    step: columns < 60 ? 8 : 16,
    bar: columns < 100 ? 0 : 10,
  };
  return rows.map((row): Line => {
    const isChosen = row.key === keys.cursor.key;
    const [first, ...rest] = rowLine(row, widths);
    const look: Look = isChosen ? { bold: true } : {};
    return [
      span(isChosen ? '›' : ' ', { color: 'cyan', bold: true }),
      ...(first === undefined ? [] : [first]),
      ...rest.map((part) => ({ ...part, ...look })),
    ];
  });
}

function nameOf(row: FarmRowDetail): string {
  if (row.kind === 'worker') return row.worker;
  return row.kind === 'heading' ? '' : row.builder;
}

function rowLine(row: FarmRowDetail, widths: Widths): Line {
  switch (row.kind) {
    case 'heading':
      return headingLine(row);
    case 'running':
      return runningLine(row, widths);
    case 'idle':
      return idleLine(row, widths);
    case 'request':
      return [
        span(row.isShelved ? '‼ ' : '⧗ ', row.isShelved ? { color: 'magenta' } : { dim: true }),
        span(`${fit(row.builder, widths.name)} `),
        span(`request ${row.requestId} ${row.isShelved ? 'shelved: ' : ''}${row.reason}`, {
          color: 'yellow',
        }),
      ];
    case 'worker':
      return workerLine(row, widths);
  }
}

const TITLES: Readonly<Record<Section, string>> = {
  builders: 'Builders',
  queue: 'Queue',
  workers: 'Workers',
};

function headingLine({ section, count, isFolded }: RowOf<'heading'>): Line {
  return [
    span(isFolded ? '▸ ' : '▾ ', { dim: true }),
    span(`${TITLES[section]} (${count === 0 ? 'none' : count})`, { bold: true }),
  ];
}

function runningLine({ builder, build, waiting }: RowOf<'running'>, widths: Widths): Line {
  const left = build.trouble ?? (build.left === null ? 'no estimate yet' : leftText(build.left));
  const parts: Span[] = [
    span('▶ ', { color: 'cyan' }),
    span(`${fit(builder, widths.name)} #${build.number} ${fit(build.step ?? 'between steps', widths.step)} `),
  ];
  if (widths.bar > 0)
    parts.push(
      span(`${bar(build.trouble === null ? build.fraction : null, widths.bar)} `, { color: 'cyan' }),
    );
  parts.push(
    span(`${formatDuration(build.elapsedMs)}  `),
    span(left, build.trouble === null ? {} : { color: 'yellow' }),
    span(`  on ${build.worker}`, { dim: true }),
  );
  return waiting === 0 ? parts : [...parts, span(`  ${waiting} waiting`, { color: 'yellow' })];
}

function leftText(left: NonNullable<RowOf<'running'>['build']['left']>): string {
  return left.high <= 0 ? shortTimeLeft(left) : `${shortTimeLeft(left)} left`;
}

function idleLine({ builder, last, waiting, reason }: RowOf<'idle'>, widths: Widths): Line {
  const name = span(`${fit(builder, widths.name)} `);
  const because = reason === null ? '' : `: ${reason}`;
  const queue = waiting === 0 ? [] : [span(`${waiting} waiting${because}  `, { color: 'yellow' } as const)];
  return [span(...markOf(last)), name, ...queue, span(lastText(last), { dim: true })];
}

function markOf(last: FarmRow['last']): [string, Look] {
  return last === null
    ? ['· ', { dim: true }]
    : [`${resultMark(last.results)} `, lookOfResults(last.results)];
}

function lastText(last: FarmRow['last']): string {
  if (last === null) return 'no builds yet';
  return `#${last.number} ${verdictText(last.results)}, ${formatDuration(last.finishedMs)} ago`;
}

const WORKER_MARKS: Readonly<Record<WorkerState, [string, Look]>> = {
  free: ['✔ ', { color: 'green' }],
  busy: ['▶ ', { color: 'cyan' }],
  less: ['◌ ', { color: 'yellow' }],
  away: ['· ', { dim: true }],
  down: ['‼ ', { color: 'magenta' }],
};

function workerLine({ worker, state, text, builds }: RowOf<'worker'>, widths: Widths): Line {
  const look: Look = state === 'down' ? { color: 'magenta' } : { dim: true };
  return [
    span(...WORKER_MARKS[state]),
    span(`${fit(worker, widths.name)} `),
    span(`${text}${builds === '' ? '' : `  ${builds}`}`, look),
  ];
}
