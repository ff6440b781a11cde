/** The screen of `buildbot watch` as something that is asked for its view a few times a second. */
import type { Farm } from '@buildbot/shared';
import { mount, type ScreenStreams } from './mount.tsx';
import type { Frame } from './reflow.ts';
import { WatchScreen } from './watch-screen.tsx';

const TICK_MS = 250;

/** Draws what `look` gives until `onQuit` was called and the returned function ends it. The last picture stays. */
export function startWatchApp(
  streams: ScreenStreams,
  look: () => Farm,
  onQuit: () => void,
  onFull: () => void = () => {},
): () => Promise<void> {
  const frame: Frame = { widths: [] };
  let takesKeys = streams.stdin.isTTY === true;
  const keys = { onQuit, onFull };
  const screen = () => <WatchScreen view={look()} takesKeys={takesKeys} {...keys} frame={frame} />;
  const instance = mount(screen(), streams, frame);
  const timer = setInterval(() => instance.rerender(screen()), TICK_MS);
  return async () => {
    clearInterval(timer);
    takesKeys = false;
    instance.rerender(screen());
    await instance.waitUntilRenderFlush();
    instance.unmount();
    await instance.waitUntilExit();
  };
}
