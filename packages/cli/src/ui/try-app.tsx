/** The screen of a try as something that is told states and draws at most ten times a second. */
import type { Fact } from '../view/facts.ts';
import { ToldOnce } from '../view/renderers/told-once.ts';
import type { TryView } from '../view/try-view.ts';
import { factLines } from './fact-lines.ts';
import type { Line } from './line.ts';
import { mount, type ScreenStreams } from './mount.tsx';
import type { Frame } from './reflow.ts';
import type { KeyAction } from './try-keys.ts';
import { TryScreen } from './try-screen.tsx';

export interface TryAppOptions extends ScreenStreams {
  /** Epoch milliseconds. */
  now: () => number;
  onAction: (action: NonNullable<KeyAction>) => void;
}

/** What is to be seen; `view` is null once it is over. */
export interface TryPicture {
  view: TryView | null;
  facts: readonly Fact[];
}

export interface TryApp {
  /** Takes the live block away and stops reading keys; the facts stay. */
  hide(): Promise<void>;
  /** Goes on after `hide`. */
  show(): void;
  /** Draws the picture and leaves the terminal as it was; only the facts stay. */
  end(picture: TryPicture): Promise<void>;
}

/** The spinner's pace, and how long events are put together. */
const TICK_MS = 100;

/** `look` is asked for the picture at each tick. */
export function startTryApp({ now, onAction, ...streams }: TryAppOptions, look: () => TryPicture): TryApp {
  const toldOnce = new ToldOnce();
  let lines: readonly Line[] = [];
  const frame: Frame = { widths: [] };
  const screen = ({ view, facts }: TryPicture) => {
    const fresh = toldOnce.take(facts).flatMap(factLines);
    if (fresh.length > 0) lines = [...lines, ...fresh];
    return (
      <TryScreen
        view={view}
        facts={lines}
        now={now()}
        takesKeys={streams.stdin.isTTY === true}
        onAction={onAction}
        frame={frame}
      />
    );
  };
  const instance = mount(screen(look()), streams, frame);
  let isHidden = false;
  const draw = (picture: TryPicture): void =>
    instance.rerender(screen(isHidden ? { ...picture, view: null } : picture));
  const timer = setInterval(() => {
    if (!isHidden) draw(look());
  }, TICK_MS);
  return {
    hide: async () => {
      isHidden = true;
      draw(look());
      await instance.waitUntilRenderFlush();
      // Of nothing Ink draws one empty row: talk begins in it, and Ink finds another when it goes on.
      streams.stdout.write('\u001b[1A');
    },
    show: () => {
      streams.stdout.write('\n');
      isHidden = false;
    },
    end: async (picture) => {
      clearInterval(timer);
      instance.rerender(screen({ ...picture, view: null }));
      await instance.waitUntilRenderFlush();
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}
