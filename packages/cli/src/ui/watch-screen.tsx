/** The screen of `buildbot watch`: how things stand now. Props only. */
import { useInput, useWindowSize } from 'ink';
import type { ReactElement } from 'react';
import type { WatchView } from '../view/watch-view.ts';
import { Lines } from './lines.tsx';
import { watchLines } from './watch-layout.ts';

export interface WatchScreenProps {
  view: WatchView;
  takesKeys: boolean;
  onQuit: () => void;
}

export function WatchScreen({ view, takesKeys, onQuit }: WatchScreenProps): ReactElement {
  const window = useWindowSize();
  useInput(
    (input, key) => {
      if (input === 'q' || key.escape || (key.ctrl && input === 'c')) onQuit();
    },
    { isActive: takesKeys },
  );
  return <Lines lines={watchLines(view, window)} />;
}
