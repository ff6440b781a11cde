/** The farm as lines: a header, busy builders with their running builds, idle ones with their last result. */
import { displayWidth, type Farm, type FarmRow, formatDuration, type RunningBuild } from '@buildbot/shared';
import { noContactText } from '../view/no-contact.ts';
import { shortTimeLeft } from '../view/time-left.ts';
import { timeOfDay } from '../view/time-of-day.ts';
import { resultMark, verdictText } from '../view/verdict.ts';
import { fit } from './cells.ts';
import { lookOfResults } from './fact-lines.ts';
import { cutLine, type Line, span } from './line.ts';
import type { Window } from './try-layout.ts';

/** Of the columns, in cells. */
interface Widths {
  name: number;
  number: number;
  step: number;
  left: number;
}

/** Never as tall as the window: a full one would scroll. */
export function watchLines(view: Farm, window: Window, takesKeys = true): Line[] {
  if (!view.isKnown) return [[span(linkText(view) ?? 'connecting …', { dim: true })]];
  const budget = Math.max(1, window.rows - 1);
  const widest = Math.min(28, Math.max(8, Math.floor(window.columns * 0.3)));
  const nameWidth = Math.min(widest, Math.max(8, ...view.rows.map(({ builder }) => displayWidth(builder))));
  const widths: Widths = {
    name: nameWidth,
    left: Math.max(0, ...view.rows.flatMap(({ running }) => running.map((build) => leftText(build).length))),
    ...(window.columns < 60 ? { number: 4, step: 8 } : { number: 6, step: 16 }),
  };
  const rows = [
    ...troubleLines(view),
    ...view.rows.flatMap((row) => rowLines(row, widths)),
    ...view.lessAvailable.map(({ worker, text }): Line => [span(` ${worker}  ${text}`, { dim: true })]),
  ];
  const room = Math.max(0, budget - 2);
  const cutRows =
    rows.length > room ? [...rows.slice(0, Math.max(0, room - 1)), more(rows.length - room + 1)] : rows;
  return [header(view), ...cutRows, footer(view, takesKeys)]
    .slice(0, budget)
    .map((line) => cutLine(line, Math.max(1, window.columns - 1)));
}

/** What asks for a person comes first. */
function troubleLines({ hostsDown, shelved }: Farm): Line[] {
  const look = { color: 'magenta' } as const;
  return [
    ...hostsDown.map(({ worker, reason }): Line => [span(` ‼ ${worker}  host down: ${reason}`, look)]),
    ...shelved.map(
      ({ requestId, builder, reason }): Line => [
        span(` ‼ ${builder}  request ${requestId} shelved: ${reason}`, look),
      ],
    ),
  ];
}

function more(lines: number): Line {
  return [span(` … and ${lines} more lines`, { dim: true })];
}

function linkText({ noContactMs, toldAt, isKnown }: Farm): string | null {
  if (noContactMs === null) return null;
  return `${noContactText(noContactMs)}${isKnown ? ` · as of ${timeOfDay(toldAt)}` : ''}`;
}

function header(view: Farm): Line {
  const state =
    linkText(view) ??
    `${view.draining ? 'master is stopping · ' : ''}${view.running} running · ${view.waiting} waiting`;
  return [
    span(view.title === '' ? 'builders' : view.title, { bold: true }),
    span(`  ${state}`, { dim: true }),
  ];
}

function footer({ workers, hostsDown }: Farm, takesKeys: boolean): Line {
  const { connected, total, leaving, paused, unavailable } = workers;
  const less = {
    leaving,
    paused,
    unavailable,
    [hostsDown.length === 1 ? 'host down' : 'hosts down']: hostsDown.length,
  };
  const words = Object.entries(less).flatMap(([what, count]) => (count === 0 ? [] : [`, ${count} ${what}`]));
  const quit = takesKeys ? ' · q quit · f full' : '';
  return [span(` ${connected} of ${total} workers connected${words.join('')}${quit}`, { dim: true })];
}

function rowLines(row: FarmRow, widths: Widths): Line[] {
  const name = fit(row.builder, widths.name);
  const waiting =
    row.waiting === 0
      ? ''
      : `${row.waiting} waiting${row.waitingReason === null ? '' : `: ${row.waitingReason}`}`;
  const busy = row.running.map(
    (build, index): Line => [
      span(' ▶ ', { color: 'cyan' }),
      span(`${name}  `, { dim: index > 0 }),
      span(
        `${`#${build.number}`.padEnd(widths.number)} ${fit(build.step ?? 'between steps', widths.step)} ${formatDuration(build.elapsedMs).padStart(6)}  `,
      ),
      span(`${leftText(build).padEnd(widths.left)}  `, build.trouble === null ? {} : { color: 'yellow' }),
      span(`on ${build.worker}`, { dim: true }),
      ...(index === 0 && waiting !== '' ? [span(`  ${waiting}`, { color: 'yellow' })] : []),
    ],
  );
  if (busy.length > 0) return busy;
  if (row.waiting > 0)
    return [[span(' ⧗ ', { dim: true }), span(`${name}  `), span(waiting, { color: 'yellow' })]];
  return [[...lastResult(row, name, widths)]];
}

function leftText({ left, trouble }: RunningBuild): string {
  if (trouble !== null) return trouble;
  if (left === null) return 'no estimate yet';
  return left.high <= 0 ? shortTimeLeft(left) : `${shortTimeLeft(left)} left`;
}

function lastResult({ last }: FarmRow, name: string, widths: Widths): Line {
  if (last === null)
    return [span(' · ', { dim: true }), span(`${name}  `), span('no builds yet', { dim: true })];
  return [
    span(` ${resultMark(last.results)} `, lookOfResults(last.results)),
    span(`${name}  `),
    span(
      `${`#${last.number}`.padEnd(widths.number)} ${verdictText(last.results)}, ${formatDuration(last.finishedMs)} ago`,
      { dim: true },
    ),
  ];
}
