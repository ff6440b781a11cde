/** An open build as lines: what it is, its steps around the one that is shown, and the window into that step's log. */
import { formatDuration } from '@buildbot/shared';
import type { BuildView, LogOfBuild, StepOfBuild } from '../../view/full-view.ts';
import { timeLeftText } from '../../view/time-left.ts';
import { resultMark, verdictText } from '../../view/verdict.ts';
import { bar } from '../bar.ts';
import { fit } from '../cells.ts';
import { lookOfResults } from '../fact-lines.ts';
import { type Line, span } from '../line.ts';
import type { Window } from '../try-layout.ts';
import type { FullKeys } from './full-keys.ts';

/** How many rows the steps of a build and the log have. */
export function buildRooms({ rows }: Window, steps: number): { steps: number; log: number } {
  const middle = Math.max(1, rows - 3);
  const forSteps = Math.min(steps, Math.max(1, Math.floor((middle - 2) / 3)));
  return { steps: forSteps, log: Math.max(1, middle - 2 - forSteps) };
}

export function buildLines(build: BuildView, keys: FullKeys, window: Window): Line[] {
  const rooms = buildRooms(window, build.steps.length);
  const shown = build.steps.findIndex(({ stepId }) => stepId === build.log?.stepId);
  const from = Math.max(0, Math.min(shown - Math.floor(rooms.steps / 2), build.steps.length - rooms.steps));
  return [
    titleLine(build, window),
    ...build.steps.slice(from, from + rooms.steps).map((step) => stepLine(step, build.log?.stepId ?? null)),
    logTitle(build.log, window),
    ...logLines(build.log, keys, rooms.log),
  ];
}

function titleLine({ name, results, text, running }: BuildView, { columns }: Window): Line {
  const title = [span(`${resultMark(results)} `, lookOfResults(results)), span(name, { bold: true })];
  if (running === null) return [...title, span(`  ${verdictText(results)}: ${text}`)];
  const { trouble, elapsedMs, fraction, left, samples, worker } = running;
  return [
    ...title,
    span('  '),
    ...(columns < 100 ? [] : [span(`${bar(trouble === null ? fraction : null, 10)} `, { color: 'cyan' })]),
    span(`${formatDuration(elapsedMs)}  `),
    span(trouble ?? timeLeftText(left, samples), trouble === null ? {} : { color: 'yellow' }),
    span(`  on ${worker}`, { dim: true }),
  ];
}

function stepLine(step: StepOfBuild, shown: number | null): Line {
  const { stepId, name, hasBegun, results, text, durationMs } = step;
  const isShown = stepId === shown;
  const mark = hasBegun ? resultMark(results) : '·';
  return [
    span(isShown ? '›' : ' ', { color: 'cyan', bold: true }),
    span(`${mark} `, hasBegun ? lookOfResults(results) : { dim: true }),
    span(fit(name, 20), { bold: isShown }),
    span(` ${(durationMs === null ? '' : formatDuration(durationMs)).padStart(7)}  `),
    span(text, { dim: true }),
  ];
}

function logTitle(log: LogOfBuild | null, { columns }: Window): Line {
  const text = log === null ? ' no step has begun ' : logWords(log);
  return [span(`──${text}${'─'.repeat(Math.max(0, columns - 3 - text.length))}`, { dim: true })];
}

function logWords({ step, name, trouble, lines, top, end, isAtEnd }: LogOfBuild): string {
  if (trouble !== null) return ` ${step}: ${trouble} `;
  if (name === null) return ` ${step}: no log yet `;
  const place = isAtEnd ? 'end' : `lines ${top + 1}–${top + lines.length} of ${end}`;
  return ` ${step} ${name} · ${place} `;
}

function logLines(log: LogOfBuild | null, { search, match }: FullKeys, room: number): Line[] {
  if (log === null) return [];
  const wanted = search.toLowerCase();
  return log.lines.slice(0, room).map((text, index): Line => {
    if (log.top + index === match) return [span(text, { color: 'yellow', bold: true })];
    const isMatch = wanted !== '' && text.toLowerCase().includes(wanted);
    return [span(text, isMatch ? { color: 'yellow' } : {})];
  });
}
