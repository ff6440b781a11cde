/**
 * The full screen as lines: a line of how things stand, the lists or a build, a line of keys. Always one line less than
 * the window, neither more nor fewer: a full one would scroll, and what was longer before would stay.
 */
import { displayWidth } from '@buildbot/shared';
import type { FarmHead, FullView } from '../../view/full-view.ts';
import { noContactText } from '../../view/no-contact.ts';
import { timeOfDay } from '../../view/time-of-day.ts';
import { cutLine, type Line, span } from '../line.ts';
import type { Window } from '../try-layout.ts';
import { buildLines } from './build-lines.ts';
import { farmLines } from './farm-lines.ts';
import type { FullKeys } from './full-keys.ts';

const FARM_HELP = [
  '↑ ↓ k j PgUp PgDn g G  move        enter  open a build, fold a list',
  '/  filter by name                  s      sort by state, name, last',
  'space  fold a list                 w      why does it wait',
  'x  stop a build (asks)             r      rebuild',
  'F  force a build (asks)            f      leave the full screen, go on below',
  'q  quit (Ctrl-C)                   Ctrl-Z suspend',
];
const BUILD_HELP = [
  '↑ ↓ k j PgUp PgDn g  move in the log      G     go to its end and follow it',
  '/  search        n N  older, newer match  o     the whole log in your $PAGER',
  'tab ] [  next or former step              esc   back to the lists',
  'x  stop (asks)   r    rebuild             q     quit (Ctrl-C)',
];

/** Rows for the lists in a window. */
export function listRoom({ rows }: Window): number {
  return Math.max(1, rows - 3);
}

export function fullLines(view: FullView, keys: FullKeys, window: Window): Line[] {
  const budget = Math.max(1, window.rows - 1);
  const width = Math.max(1, window.columns - 1);
  const middle = Math.max(0, budget - 2);
  const body = bodyLines(view, keys, window).slice(0, middle);
  const padding = Array.from({ length: middle - body.length }, (): Line => []);
  return [headLine(view.head), ...body, ...padding, footLine(view, keys, window)]
    .slice(0, budget)
    .map((line) => cutLine(line, width));
}

function bodyLines(view: FullView, keys: FullKeys, window: Window): Line[] {
  if (keys.panel === 'help')
    return (view.build === null ? FARM_HELP : BUILD_HELP).map((text) => [span(` ${text}`)]);
  if (keys.panel === 'why') return view.why.flatMap((text) => wrapped(text, window.columns - 3));
  if (!view.head.isKnown) return [];
  return view.build === null ? farmLines(view.rows, keys, window) : buildLines(view.build, keys, window);
}

function headLine(head: FarmHead): Line {
  const { isKnown, title, noContactMs, draining, running, waiting, toldAt } = head;
  const name = span(title === '' ? 'builders' : title, { bold: true });
  if (noContactMs !== null) {
    const since = isKnown ? ` · as of ${timeOfDay(toldAt)}` : '';
    return [name, span(`  ${noContactText(noContactMs)}${since}`, { color: 'yellow' })];
  }
  if (!isKnown) return [span('connecting …', { dim: true })];
  const state = `${draining ? 'master is stopping · ' : ''}${running} running · ${waiting} waiting`;
  return [name, span(`  ${state}`, { dim: true })];
}

function footLine(view: FullView, keys: FullKeys, { columns }: Window): Line {
  const { question, typing, wishes, search } = keys;
  if (question !== null)
    return [span(` ${question.text} `, { color: 'yellow', bold: true }), span('y yes · any other key no')];
  if (typing === 'filter') return [span(` filter: ${wishes.filter}▏`, { bold: true })];
  if (typing === 'search') return [span(` search: ${search}▏`, { bold: true })];
  if (keys.panel !== null) return [span(' any key to go back', { dim: true })];
  if (view.message !== null) return [span(` ${view.message}`, { color: 'yellow' })];
  return [span(` ? keys · ${keyWords(view, keys, columns)} · q quit`, { dim: true })];
}

function keyWords({ build }: FullView, { wishes, search }: FullKeys, columns: number): string {
  if (columns < 60) return build === null ? 'enter open' : 'esc back';
  if (build !== null)
    return `esc back · / search${search === '' ? '' : ` · n older ${search}`} · tab step · o pager`;
  const kept = wishes.filter === '' ? '' : ` · only ${wishes.filter} (esc all)`;
  return `enter open · / filter · s sort (${wishes.sort})${kept}`;
}

/** Words on as many lines as it takes. */
function wrapped(text: string, width: number): Line[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && displayWidth(`${last} ${word}`) <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, index): Line => [span(`${index === 0 ? ' ' : '   '}${line}`)]);
}
