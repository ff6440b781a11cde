/** What a key does on the full screen: pure, so that the screen only draws and the service only acts. */
import type { FarmItem, ListWishes } from '../../view/farm-items.ts';
import { newestMatch, pressBuildKey } from './build-keys.ts';
import { pressFarmKey } from './farm-keys.ts';

/** What a key asks of the service. */
export type FullAction =
  | { type: 'quit' | 'inline' | 'suspend' | 'close' | 'pager' }
  | { type: 'open' | 'stop' | 'rebuild'; buildId: number }
  | { type: 'force'; builderId: number };

/** Asked before it is done. */
export interface Question {
  text: string;
  action: FullAction;
}

export interface FullKeys {
  /** The build that is open; null for the lists. */
  buildId: number | null;
  wishes: ListWishes;
  /** The chosen item, and where it was last: what takes its place when it is gone. */
  cursor: { key: string; index: number };
  /** Index of the first item on the screen. */
  top: number;
  /** Which text the characters go to. */
  typing: 'filter' | 'search' | null;
  /** What is looked for in the log. */
  search: string;
  panel: 'help' | 'why' | null;
  question: Question | null;
  /** The step whose log is shown; null for the one that matters most. */
  stepId: number | null;
  /** Number of the first line of the log on the screen; null to stay at its end. */
  line: number | null;
  /** Number of the line that was found last. */
  match: number | null;
}

export const FIRST_KEYS: FullKeys = {
  buildId: null,
  wishes: { filter: '', sort: 'state', folded: [] },
  cursor: { key: 'builders', index: 0 },
  top: 0,
  typing: null,
  search: '',
  panel: null,
  question: null,
  stepId: null,
  line: null,
  match: null,
};

/** What was on the screen when the key was pressed. */
export interface Shown {
  items: readonly FarmItem[];
  /** How many rows the list has, or the log. */
  room: number;
  build: ShownBuild | null;
}

export interface ShownBuild {
  buildId: number;
  isRunning: boolean;
  stepIds: readonly number[];
  /** The step that is shown. */
  stepId: number | null;
  log: { first: number; end: number; find: FindLine } | null;
}

export type FindLine = (text: string, from: number, direction: 1 | -1) => number | null;

export interface Pressed {
  keys: FullKeys;
  action: FullAction | null;
}

/** `input` is a character, or a name for keys without one. */
export function pressFullKey(keys: FullKeys, input: string, shown: Shown): Pressed {
  const only = (changed: Partial<FullKeys>): Pressed => ({ keys: { ...keys, ...changed }, action: null });
  if (input === 'ctrl-c') return { keys, action: { type: 'quit' } };
  if (input === 'ctrl-z') return { keys, action: { type: 'suspend' } };
  if (keys.question !== null) {
    const { action } = keys.question;
    return { keys: { ...keys, question: null }, action: input === 'y' ? action : null };
  }
  if (keys.typing !== null) return only(typed(keys, input, shown));
  // Any key puts a panel away.
  if (keys.panel !== null) return only({ panel: null });
  if (input === '?') return only({ panel: 'help' });
  if (input === 'q') return { keys, action: { type: 'quit' } };
  if (input === 'f') return { keys, action: { type: 'inline' } };
  return shown.build === null
    ? pressFarmKey(keys, input, shown)
    : pressBuildKey(keys, input, shown.build, shown.room);
}

/** Return keeps the text, escape drops it. */
function typed(keys: FullKeys, input: string, shown: Shown): Partial<FullKeys> {
  const isFilter = keys.typing === 'filter';
  const text = isFilter ? keys.wishes.filter : keys.search;
  const withText = (changed: string): Partial<FullKeys> =>
    isFilter ? { wishes: { ...keys.wishes, filter: changed } } : { search: changed };
  if (input === 'escape') return { ...withText(''), typing: null };
  if (input === 'backspace') return withText([...text].slice(0, -1).join(''));
  if (input === 'return') {
    // The newest line is what one wants to see first.
    const found = isFilter || shown.build === null ? {} : newestMatch(keys, shown.build, shown.room);
    return { typing: null, ...found };
  }
  return [...input].length === 1 ? withText(text + input) : {};
}
