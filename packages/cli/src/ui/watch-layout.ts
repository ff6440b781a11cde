/** The farm as lines: a header, busy builders with their running builds, idle ones with their last result. */
import { displayWidth, formatDuration } from '@buildbot/shared';
import { resultMark, verdictText } from '../view/verdict.ts';
import type { FarmRow, WatchView } from '../view/watch-view.ts';
import { fit } from './cells.ts';
import { lookOfResults } from './fact-lines.ts';
import { cutLine, type Line, span } from './line.ts';
import type { Window } from './try-layout.ts';

/** Never as tall as the window: a full one would scroll. */
export function watchLines(view: WatchView, window: Window): Line[] {
  const budget = Math.max(1, window.rows - 1);
  const nameWidth = Math.min(28, Math.max(8, ...view.rows.map(({ builder }) => displayWidth(builder))));
  const rows = view.rows.flatMap((row) => rowLines(row, nameWidth));
  const room = Math.max(0, budget - 2);
  const cutRows =
    rows.length > room ? [...rows.slice(0, Math.max(0, room - 1)), more(rows.length - room + 1)] : rows;
  return [header(view), ...cutRows, footer(view)]
    .slice(0, budget)
    .map((line) => cutLine(line, Math.max(1, window.columns - 1)));
}

function more(lines: number): Line {
  return [span(` … and ${lines} more lines`, { dim: true })];
}

function header(view: WatchView): Line {
  const state = view.isLinkLost
    ? 'connection lost, trying again'
    : `${view.running} running · ${view.waiting} waiting`;
  return [
    span(view.title === '' ? 'builders' : view.title, { bold: true }),
    span(`  ${state}`, { dim: true }),
  ];
}

function footer({ workers }: WatchView): Line {
  return [span(` ${workers.connected} of ${workers.total} workers connected · q quit`, { dim: true })];
}

function rowLines(row: FarmRow, nameWidth: number): Line[] {
  const name = fit(row.builder, nameWidth);
  const waiting =
    row.waiting === 0
      ? ''
      : `${row.waiting} waiting${row.waitingReason === null ? '' : `: ${row.waitingReason}`}`;
  const busy = row.running.map(
    (build, index): Line => [
      span(' ▶ ', { color: 'cyan' }),
      span(`${index === 0 ? name : ' '.repeat(nameWidth)}  `),
      span(
        `${`#${build.number}`.padEnd(6)} ${fit(build.step ?? 'between steps', 16)} ${formatDuration(build.elapsedMs).padStart(6)}  `,
      ),
      span(`on ${build.worker}`, { dim: true }),
      ...(index === 0 && waiting !== '' ? [span(`  ${waiting}`, { color: 'yellow' })] : []),
    ],
  );
  if (busy.length > 0) return busy;
  if (row.waiting > 0)
    return [[span(' ⧗ ', { dim: true }), span(`${name}  `), span(waiting, { color: 'yellow' })]];
  return [[...lastResult(row, name)]];
}

function lastResult({ last }: FarmRow, name: string): Line {
  if (last === null)
    return [span(' · ', { dim: true }), span(`${name}  `), span('no builds yet', { dim: true })];
  return [
    span(` ${resultMark(last.results)} `, lookOfResults(last.results)),
    span(`${name}  `),
    span(
      `${`#${last.number}`.padEnd(6)} ${verdictText(last.results)}, ${formatDuration(last.finishedMs)} ago`,
      { dim: true },
    ),
  ];
}
