/** The full screen of `buildbot watch`. Props only. */
import { type Key, useInput, useWindowSize } from 'ink';
import type { ReactElement } from 'react';
import type { Line } from '../line.ts';
import { Lines } from '../lines.ts';
import type { Window } from '../try-layout.ts';

export interface FullScreenProps {
  /** The lines for a window of this size. */
  draw: (window: Window) => readonly Line[];
  /** A character, or a name for keys without one. */
  onKey: (input: string) => void;
}

export function FullScreen({ draw, onKey }: FullScreenProps): ReactElement {
  const window = useWindowSize();
  useInput((input, key) => {
    for (const one of keysOf(input, key)) onKey(one);
  });
  return <Lines lines={draw(window)} />;
}

const NAMED = {
  upArrow: 'up',
  downArrow: 'down',
  leftArrow: 'left',
  rightArrow: 'right',
  pageUp: 'pageup',
  pageDown: 'pagedown',
  home: 'home',
  end: 'end',
  return: 'return',
  escape: 'escape',
  tab: 'tab',
  backspace: 'backspace',
  delete: 'backspace',
} as const satisfies Partial<Record<keyof Key, string>>;

/** What is typed quickly, or pasted, comes as one input. */
function keysOf(input: string, key: Key): string[] {
  const names = Object.entries(NAMED);
  const named = names.find(([name]) => key[name as keyof typeof NAMED]);
  if (named !== undefined) return [named[1]];
  if (key.ctrl) return [`ctrl-${input}`];
  return key.meta ? [] : [...input].map((character) => CONTROLS[character] ?? character);
}

/** Among other characters Ink gives them as they are. */
const CONTROLS: Readonly<Record<string, string>> = {
  '\r': 'return',
  '\n': 'return',
  '\t': 'tab',
  '\x03': 'ctrl-c',
  '\x1a': 'ctrl-z',
  '\x1b': 'escape',
  '\x7f': 'backspace',
};
