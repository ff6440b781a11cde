/** Keys on an open build: they move in the log, look for text in it, and choose the step. */
import type { FullKeys, Pressed, ShownBuild } from './full-keys.ts';

const CLOSED = { buildId: null, stepId: null, line: null, match: null, search: '' };

type Log = NonNullable<ShownBuild['log']>;

/** The first line on the screen after the key; null at the end, which is followed. */
const MOVES: Readonly<Record<string, (top: number, log: Log, room: number) => number>> = {
  up: (top) => top - 1,
  k: (top) => top - 1,
  down: (top) => top + 1,
  j: (top) => top + 1,
  pageup: (top, _, room) => top - room,
  pagedown: (top, _, room) => top + room,
  ' ': (top, _, room) => top + room,
  home: (_, { first }) => first,
  g: (_, { first }) => first,
  end: (_, { end }) => end,
  G: (_, { end }) => end,
};

export function pressBuildKey(keys: FullKeys, input: string, build: ShownBuild, room: number): Pressed {
  const only = (changed: Partial<FullKeys>): Pressed => ({ keys: { ...keys, ...changed }, action: null });
  const { log, buildId } = build;
  const move = MOVES[input];
  if (move !== undefined) return only(log === null ? {} : atLine(lineAfter(keys, log, room, move), build));
  switch (input) {
    case 'escape':
    case 'left':
    case 'backspace':
      return { keys: { ...keys, ...CLOSED }, action: { type: 'close' } };
    case 'tab':
    case 'right':
    case ']':
      return only(otherStep(build, 1));
    case '[':
      return only(otherStep(build, -1));
    case '/':
      return only({ typing: 'search', search: '', match: null });
    case 'n':
      return only(nextMatch(keys, build, room, -1));
    case 'N':
      return only(nextMatch(keys, build, room, 1));
    case 'o':
      return { keys, action: log === null ? null : { type: 'pager' } };
    case 'r':
      return { keys, action: build.isRunning ? null : { type: 'rebuild', buildId } };
    case 'x': {
      if (!build.isRunning) return only({});
      return only({ question: { text: 'stop this build?', action: { type: 'stop', buildId } } });
    }
    default:
      return only({});
  }
}

/** The first line on the screen now. */
export function topLine(
  { line }: FullKeys,
  { first, end }: Pick<Log, 'first' | 'end'>,
  room: number,
): number {
  const last = Math.max(first, end - room);
  return line === null ? last : Math.max(first, Math.min(line, last));
}

function lineAfter(
  keys: FullKeys,
  log: Log,
  room: number,
  move: NonNullable<(typeof MOVES)[string]>,
): number | null {
  const moved = Math.max(log.first, move(topLine(keys, log, room), log, room));
  return moved >= log.end - room ? null : moved;
}

/** Who reads a line goes on reading that step, whichever begins meanwhile. */
function atLine(line: number | null, { stepId }: ShownBuild): Partial<FullKeys> {
  return line === null ? { line } : { line, stepId };
}

/** The newest line of the log with the text in it, or that there is none. */
export function newestMatch({ search }: FullKeys, build: ShownBuild, room: number): Partial<FullKeys> {
  const { log } = build;
  const found = search === '' || log === null ? null : log.find(search, log.end - 1, -1);
  return found === null ? { match: null } : { match: found, ...atLine(inTheMiddle(found, room), build) };
}

/** From the match that was found last; without one from the middle of the screen. */
function nextMatch(keys: FullKeys, build: ShownBuild, room: number, direction: 1 | -1): Partial<FullKeys> {
  const { log } = build;
  if (keys.search === '' || log === null) return {};
  const from = keys.match ?? topLine(keys, log, room) + Math.floor(room / 2);
  const found = log.find(keys.search, from + direction, direction);
  return found === null ? {} : { match: found, ...atLine(inTheMiddle(found, room), build) };
}

function inTheMiddle(line: number, room: number): number {
  return Math.max(0, line - Math.floor(room / 2));
}

function otherStep({ stepIds, stepId }: ShownBuild, by: 1 | -1): Partial<FullKeys> {
  if (stepIds.length === 0) return {};
  const at = stepId === null ? -1 : stepIds.indexOf(stepId);
  return { stepId: stepIds[(at + by + stepIds.length) % stepIds.length] ?? null, line: null, match: null };
}
