/**
 * The live block of a try as lines: header, a row per open builder, log tails in what room is left, the keys that
 * work now. Never more than `MAX_LINES` and always one less than the window, for a full window scrolls.
 */
import { displayWidth, formatDuration, truncateToWidth } from '@buildbot/shared';
import { noContactText } from '../view/no-contact.ts';
import { shortTimeLeft, timeLeftText } from '../view/time-left.ts';
import { timeOfDay } from '../view/time-of-day.ts';
import type { BuilderRow, TryView } from '../view/try-view.ts';
import { bar } from './bar.ts';
import { fit } from './cells.ts';
import { cutLine, type Line, lineWidth, type Span, span } from './line.ts';

export const MAX_LINES = 12;

export interface Window {
  columns: number;
  rows: number;
}

/** What the keys have changed so far; see `try-keys.ts`. */
export interface TryKeys {
  showsLog: boolean;
  showsKeys: boolean;
  asksToStop: boolean;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];

/**
 * The block for `view` at `now` (epoch milliseconds, for the spinner); `keys` is null when none can be read. Empty when
 * there is nothing left to show.
 */
export function tryLines(view: TryView, keys: TryKeys | null, window: Window, now: number): Line[] {
  const budget = Math.max(1, Math.min(MAX_LINES, window.rows - 1));
  const lines = view.buildSetId === null ? preparing(view, now) : following(view, keys, window, budget, now);
  return lines.slice(0, budget).map((line) => cutLine(line, Math.max(1, window.columns - 1)));
}

function preparing(view: TryView, now: number): Line[] {
  const { preparation } = view;
  if (preparation === null) return [];
  const todo: string[] = [];
  if (preparation.link === 'running') todo.push(`connecting to ${preparation.target}`);
  if (preparation.snapshot === 'running') todo.push('taking a snapshot of the working copy');
  if (todo.length === 0) todo.push('sending');
  const elapsed = formatDuration(Math.max(0, now - preparation.startedAt));
  return [
    [
      span(`${spinner(now)} `, { color: 'cyan' }),
      span(todo.join(' · ')),
      span(`  ${elapsed}`, { dim: true }),
    ],
  ];
}

function spinner(now: number): string {
  return SPINNER[Math.floor(now / 100) % SPINNER.length] ?? '⠋';
}

function following(view: TryView, keys: TryKeys | null, window: Window, budget: number, now: number): Line[] {
  const open = view.rows.filter(({ state }) => state !== 'done');
  if (open.length === 0) return [];
  const footer = budget >= 3 ? keyLines(keys, open, view.canDetach, budget) : [];
  const room = Math.max(1, budget - 1 - footer.length);
  const rows = body(open, keys, room, window, now);
  return [header(view, window), ...(view.noContactMs === null ? rows : rows.map(standingStill)), ...footer];
}

/** Nothing of it is known to be true any more, and it must not look as if it were. */
function standingStill(line: Line): Line {
  return line.map(({ text }) => ({
    text: SPINNER.includes(text.trim()) ? text.replace(/\S/, '…') : text,
    dim: true,
  }));
}

function header(view: TryView, { columns }: Window): Line {
  const title = [span('─ ', { dim: true }), span(`try #${view.buildSetId}`, { bold: true }), span(' ')];
  // In a narrow window it matters more that nothing is known than how things stood.
  const isCounted = view.noContactMs === null || columns >= ROOM_FOR_COUNTS;
  const end = [
    ...(isCounted ? counts(view) : []),
    span('── ', { dim: true }),
    ...outlook(view, columns),
    span(' ─', { dim: true }),
  ];
  const gap = columns - 1 - lineWidth(title) - lineWidth(end);
  return [...title, span(gap > 0 ? `${'─'.repeat(gap - 1)} ` : '', { dim: true }), ...end];
}

/** When it will end; or what keeps anybody from saying so, in full in its row. */
function outlook({ noContactMs, left, samples, rows, canDetach }: TryView, columns: number): Line {
  if (noContactMs !== null) {
    const goesOn = canDetach && columns >= ROOM_FOR_COMFORT ? '; the builds go on at the server' : '';
    return [span(`${noContactText(noContactMs)}${goesOn}`, { color: 'yellow' })];
  }
  const isHeldUp = rows.some(
    (row) => row.trouble !== null || (row.state === 'waiting' && row.estimate !== null),
  );
  return [span(left === null && isHeldUp ? 'no estimate now' : timeLeftText(left, samples))];
}

/** Columns from which on there is more to say than that the connection is lost. */
const ROOM_FOR_COUNTS = 60;
const ROOM_FOR_COMFORT = 80;

function counts({ counts: { passed, failed, running, waiting } }: TryView): Line {
  return [
    ...(failed > 0 ? [span(`${failed}✗ `, { color: 'red' })] : []),
    ...(passed > 0 ? [span(`${passed}✔ `, { color: 'green' })] : []),
    ...(running > 0 ? [span(`${running}▶ `, { color: 'cyan' })] : []),
    ...(waiting > 0 ? [span(`${waiting}⧗ `, { dim: true })] : []),
  ];
}

/** Rows first; tails get what is left over, the first running builder before the others. */
function body(
  open: readonly BuilderRow[],
  keys: TryKeys | null,
  room: number,
  window: Window,
  now: number,
): Line[] {
  const sorted = [...open].sort((a, b) => Number(b.state === 'running') - Number(a.state === 'running'));
  const showsLog = keys?.showsLog ?? false;
  const shown = showsLog ? sorted.slice(0, 1) : sorted.length > room ? sorted.slice(0, room - 1) : sorted;
  // In a narrow window the times say more than the end of a long name.
  const widest = Math.min(24, Math.max(8, Math.floor(window.columns * 0.3)));
  const nameWidth = Math.min(widest, Math.max(...shown.map(({ builder }) => displayWidth(builder)), 1));
  const leftWidth = Math.max(...shown.map(({ left }) => shortTimeLeft(left).length));
  const hidden = sorted.length - shown.length;
  const more: Line[] = hidden > 0 ? [[span(` … and ${hidden} more`, { dim: true })]] : [];
  let spare = room - shown.length - more.length;
  const perTail = showsLog ? spare : Math.min(2, spare);
  const lines = shown.flatMap((row) => {
    const text = row.step === null || spare <= 0 ? [] : row.step.tail.slice(-Math.min(perTail, spare));
    const tail = text.length === 0 && showsLog && spare > 0 ? ['(no output yet)'] : text;
    spare -= tail.length;
    return [
      rowLine(row, { name: nameWidth, left: leftWidth }, window, now),
      ...tail.map((text): Line => [span('     │ ', { dim: true }), span(text, { dim: true })]),
    ];
  });
  return [...lines, ...more];
}

/** Of the columns, in cells. */
interface Widths {
  name: number;
  left: number;
}

function rowLine(row: BuilderRow, widths: Widths, { columns }: Window, now: number): Line {
  const name = span(`${fit(row.builder, widths.name)}  `);
  if (row.state === 'shelved')
    return [
      span(' ‼ ', { color: 'magenta' }),
      name,
      span(row.waitingReason ?? 'shelved', { color: 'magenta' }),
    ];
  if (row.state === 'waiting')
    return [span(' ⧗ ', { dim: true }), name, span(waitingText(row), { dim: true })];
  if (row.trouble !== null) return troubleLine(row, name, now);
  const barWidth = columns >= 100 ? 16 : columns >= 60 ? 10 : 0;
  const left = shortTimeLeft(row.left).padEnd(widths.left);
  const times = `${formatDuration(row.elapsedMs).padStart(6)}  ${left}`;
  const step = stepText(
    row,
    Math.max(
      4,
      Math.min(30, columns - widths.name - (barWidth > 0 ? barWidth + 2 : 0) - displayWidth(times) - 7),
    ),
  );
  return [
    span(` ${spinner(now)} `, { color: 'cyan' }),
    name,
    span(step),
    ...(barWidth > 0 ? [span(`  ${bar(row.fraction, barWidth)}`, { color: 'cyan' })] : []),
    span(` ${times}`),
  ];
}

/** `attempt 2 ended without a verdict, tried again at 12:03:10: worker w1 was lost (failure 2 of 3)`. */
function waitingText({ attempt, stateString, dueAt, waitingReason }: BuilderRow): string {
  const wait = dueAt === null ? (waitingReason ?? 'queued') : `tried again at ${timeOfDay(dueAt)}`;
  if (attempt === 0) return wait;
  return `attempt ${attempt} ended without a verdict, ${wait}${stateString === '' ? '' : `: ${stateString}`}`;
}

/** Nothing moves in it but the time: a bar would say that the build goes on. */
function troubleLine({ step, elapsedMs, trouble }: BuilderRow, name: Span, now: number): Line {
  return [
    span(` ${spinner(now)} `, { color: 'yellow' }),
    name,
    span(`${trouble}`, { color: 'yellow' }),
    span(`  ${step === null ? '' : `${step.name} `}${formatDuration(elapsedMs)}`, { dim: true }),
  ];
}

function stepText({ step, steps }: BuilderRow, width: number): string {
  if (step === null) return fit(steps.length === 0 ? 'starting' : 'between steps', width);
  const number = ` ${steps.length}.`;
  return fit(`${number.trim()} ${truncateToWidth(step.name, width - number.length)}`, width);
}

/** The keys that do something now. Without a keyboard only Ctrl-C is left, which the terminal itself knows. */
function keyLines(
  keys: TryKeys | null,
  open: readonly BuilderRow[],
  canDetach: boolean,
  budget: number,
): Line[] {
  const ctrlC = canDetach ? 'Ctrl-C detach' : 'Ctrl-C stop';
  if (keys === null) return [[span(` ${ctrlC}`, { dim: true })]];
  if (keys.asksToStop) {
    const what = open.length === 1 ? '1 build' : `${open.length} builds`;
    return [[span(` stop ${what}? `, { color: 'yellow', bold: true }), span('y yes · any other key no')]];
  }
  const hasLog = open.some(({ step }) => step !== null);
  const log = keys.showsLog ? 'less log' : 'log';
  if (!keys.showsKeys || budget < 8) {
    const short = [
      ...(hasLog ? [`enter ${log}`] : []),
      ...(canDetach ? ['d detach'] : []),
      'x stop',
      '? keys',
    ];
    return [[span(` ${short.join(' · ')}`, { dim: true })]];
  }
  const long = [
    ...(hasLog ? [`enter  ${keys.showsLog ? 'less' : 'more'} of the log`] : []),
    ...(canDetach ? ['d      detach, builds go on (Ctrl-C)'] : []),
    `x      stop the builds (Ctrl-C${canDetach ? ' twice' : ''})`,
    '?      hide this',
  ];
  return long.map((text): Line => [span(` ${text}`, { dim: true })]);
}
