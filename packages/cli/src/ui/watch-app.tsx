/** The screen of `buildbot watch` as something that is asked for its view a few times a second. */
import type { WatchView } from '../view/watch-view.ts';
import { mount, type ScreenStreams } from './mount.tsx';
import { WatchScreen } from './watch-screen.tsx';

const TICK_MS = 250;

/** Draws what `look` gives until `onQuit` was called and the returned function ends it. The last picture stays. */
export function startWatchApp(
  streams: ScreenStreams,
  look: () => WatchView,
  onQuit: () => void,
): () => Promise<void> {
  const screen = () => <WatchScreen view={look()} takesKeys={streams.stdin.isTTY === true} onQuit={onQuit} />;
  const instance = mount(screen(), streams);
  const timer = setInterval(() => instance.rerender(screen()), TICK_MS);
  return async () => {
    clearInterval(timer);
    instance.rerender(screen());
    await instance.waitUntilRenderFlush();
    instance.unmount();
    await instance.waitUntilExit();
  };
}
