/** Keys on the lists of the farm. */
import { type BuilderItem, type FarmItem, SORTS } from '../../view/farm-items.ts';
import type { FullKeys, Pressed, Shown } from './full-keys.ts';

/** The index of the chosen item: where its key is now, else where it was. */
export function cursorIndex({ cursor }: FullKeys, items: readonly FarmItem[]): number {
  const index = items.findIndex(({ key }) => key === cursor.key);
  return index >= 0 ? index : Math.max(0, Math.min(cursor.index, items.length - 1));
}

/** The keys with the chosen item inside the window of `room` items. */
export function settled(keys: FullKeys, items: readonly FarmItem[], room: number): FullKeys {
  const index = cursorIndex(keys, items);
  const highest = Math.max(0, items.length - room);
  const top = Math.min(highest, Math.max(Math.min(keys.top, index), index - room + 1));
  return { ...keys, top, cursor: { key: items[index]?.key ?? '', index } };
}

/** How far a key moves. */
const MOVES: Readonly<Record<string, (room: number) => number>> = {
  up: () => -1,
  k: () => -1,
  down: () => 1,
  j: () => 1,
  pageup: (room) => -room,
  pagedown: (room) => room,
  home: () => Number.NEGATIVE_INFINITY,
  g: () => Number.NEGATIVE_INFINITY,
  end: () => Number.POSITIVE_INFINITY,
  G: () => Number.POSITIVE_INFINITY,
};

export function pressFarmKey(keys: FullKeys, input: string, { items, room }: Shown): Pressed {
  const index = cursorIndex(keys, items);
  const move = MOVES[input];
  if (move !== undefined) {
    const moved = Math.max(0, Math.min(items.length - 1, index + move(room)));
    const cursor = { key: items[moved]?.key ?? '', index: moved };
    return { keys: settled({ ...keys, cursor }, items, room), action: null };
  }
  const { wishes } = keys;
  const item = items[index];
  switch (input) {
    case '/':
      return { keys: { ...keys, typing: 'filter' }, action: null };
    case 'escape':
      return { keys: { ...keys, wishes: { ...wishes, filter: '' } }, action: null };
    case 's': {
      const sort = SORTS[(SORTS.indexOf(wishes.sort) + 1) % SORTS.length] ?? 'state';
      return { keys: { ...keys, wishes: { ...wishes, sort } }, action: null };
    }
    case ' ':
      return { keys: item === undefined ? keys : folded(keys, item), action: null };
    case 'w':
      return { keys: { ...keys, panel: 'why' }, action: null };
    default:
      return item === undefined ? { keys, action: null } : pressOnItem(keys, input, item);
  }
}

function folded(keys: FullKeys, { section }: FarmItem): FullKeys {
  const { wishes } = keys;
  const without = wishes.folded.filter((one) => one !== section);
  const isFolded = without.length < wishes.folded.length;
  return {
    ...keys,
    cursor: { key: section, index: 0 },
    wishes: { ...wishes, folded: isFolded ? without : [...without, section] },
  };
}

function pressOnItem(keys: FullKeys, input: string, item: FarmItem): Pressed {
  if (input === 'return' && item.kind === 'heading') return { keys: folded(keys, item), action: null };
  if (input === 'return' && item.kind === 'request') return { keys: { ...keys, panel: 'why' }, action: null };
  return item.kind === 'builder' ? pressOnBuilder(keys, input, item) : { keys, action: null };
}

function pressOnBuilder(keys: FullKeys, input: string, item: BuilderItem): Pressed {
  const build = item.running ?? item.last;
  if (input === 'F') {
    const action = { type: 'force', builderId: item.builder.builderid } as const;
    return { keys: { ...keys, question: { text: 'force a build of it?', action } }, action: null };
  }
  if (build === null) return { keys, action: null };
  const { buildid: buildId, number } = build;
  if (input === 'return') return { keys: { ...keys, buildId }, action: { type: 'open', buildId } };
  if (input === 'r' && build.complete) return { keys, action: { type: 'rebuild', buildId } };
  if (input === 'x' && !build.complete) {
    const question = { text: `stop build #${number}?`, action: { type: 'stop', buildId } } as const;
    return { keys: { ...keys, question }, action: null };
  }
  return { keys, action: null };
}
