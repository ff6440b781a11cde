/** The screen of a try: facts go up into the scrollback once, the live block below them is redrawn. Props only. */
import { Box, Static, useInput, useWindowSize } from 'ink';
import { type ReactElement, useState } from 'react';
import type { TryView } from '../view/try-view.ts';
import type { Line } from './line.ts';
import { Lines, LineText } from './lines.ts';
import { type Frame, useFrame } from './reflow.ts';
import { type KeyAction, NO_KEYS, pressKey } from './try-keys.ts';
import { tryLines } from './try-layout.ts';

export interface TryScreenProps {
  /** Null once it is over: only the facts stay on the screen. */
  view: TryView | null;
  /** Lines of all facts so far; only grows. */
  facts: readonly Line[];
  /** Epoch milliseconds. */
  now: number;
  /** False when no keys can be read, because standard input is no terminal. */
  takesKeys: boolean;
  onAction: (action: NonNullable<KeyAction>) => void;
  /** Is told what is drawn. */
  frame: Frame;
}

/**
 * Facts are laid out far wider than any window and wrapped by the terminal itself: so nothing is cut, a command can be
 * copied whole, and a resized window wraps them anew.
 */
const FACT_COLUMNS = 4096;

export function TryScreen({ view, facts, now, takesKeys, onAction, frame }: TryScreenProps): ReactElement {
  const [keys, setKeys] = useState(NO_KEYS);
  const window = useWindowSize();
  useInput(
    (input, key) => {
      const pressed = pressKey(keys, key.ctrl && input === 'c' ? 'ctrl-c' : key.return ? 'return' : input);
      setKeys(pressed.keys);
      if (pressed.action !== null) onAction(pressed.action);
    },
    { isActive: takesKeys && view !== null },
  );
  const lines = view === null ? [] : tryLines(view, takesKeys ? keys : null, window, now);
  useFrame(frame, lines);
  return (
    <Box flexDirection="column">
      <Static items={[...facts]} style={{ width: FACT_COLUMNS }}>
        {(line, index) => <LineText key={index} line={line} />}
      </Static>
      {lines.length > 0 && <Lines lines={lines} />}
    </Box>
  );
}
