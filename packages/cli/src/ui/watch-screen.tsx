/** The screen of `buildbot watch`: how things stand now. Props only. */

import type { Farm } from '@buildbot/shared';
import { useInput, useWindowSize } from 'ink';
import type { ReactElement } from 'react';
import { Lines } from './lines.ts';
import { type Frame, useFrame } from './reflow.ts';
import { watchLines } from './watch-layout.ts';

export interface WatchScreenProps {
  view: Farm;
  takesKeys: boolean;
  onQuit: () => void;
  onFull: () => void;
  /** Is told what is drawn. */
  frame: Frame;
}

export function WatchScreen({ view, takesKeys, onQuit, onFull, frame }: WatchScreenProps): ReactElement {
  const window = useWindowSize();
  useInput(
    (input, key) => {
      if (input === 'q' || key.escape || (key.ctrl && input === 'c')) onQuit();
      else if (input === 'f') onFull();
    },
    { isActive: takesKeys },
  );
  const lines = watchLines(view, window, takesKeys);
  useFrame(frame, lines);
  return <Lines lines={lines} />;
}
