/**
 * The full screen as something that draws when there is something new: at most ten times a second, more slowly when much
 * of the screen changes, and at once for a key.
 */
import { type Line, textOf } from '../line.ts';
import { mount, type ScreenStreams } from '../mount.tsx';
import type { Window } from '../try-layout.ts';
import { FullScreen } from './full-screen.tsx';

/** Between two frames that no key asked for. */
const FRAME_MS = 100;
/** Times go on even when nothing is told. */
const TICK_MS = 500;
/** What a terminal far away can be sent. */
const BYTES_PER_MS = 20;

export interface FullApp {
  /** Something new is to be seen. */
  changed(): void;
  /** Leaves the full screen; the terminal is as it was before. */
  end(): Promise<void>;
}

export interface FullAppOptions extends ScreenStreams {
  draw: (window: Window) => readonly Line[];
  onKey: (input: string) => void;
}

export function startFullApp({ draw, onKey, ...streams }: FullAppOptions): FullApp {
  let timer: NodeJS.Timeout | null = null;
  let drawnAt = performance.now();
  let pauseMs = FRAME_MS;
  let rows: readonly string[] = [];
  const drawWindow = (window: Window): readonly Line[] => {
    const lines = draw(window);
    const texts = lines.map(textOf);
    pauseMs = Math.max(FRAME_MS, changedCharacters(rows, texts) / BYTES_PER_MS);
    rows = texts;
    return lines;
  };
  const screen = () => (
    <FullScreen
      draw={drawWindow}
      onKey={(input) => {
        onKey(input);
        drawNow();
      }}
    />
  );
  const instance = mount(screen(), streams, null);
  const drawNow = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    drawnAt = performance.now();
    instance.rerender(screen());
  };
  const changed = () => {
    timer ??= setTimeout(drawNow, Math.max(0, drawnAt + pauseMs - performance.now()));
  };
  const ticks = setInterval(changed, TICK_MS);
  return {
    changed,
    end: async () => {
      clearInterval(ticks);
      if (timer !== null) clearTimeout(timer);
      instance.unmount();
      await instance.waitUntilExit();
    },
  };
}

/** About as many as are sent for the new picture. */
function changedCharacters(before: readonly string[], now: readonly string[]): number {
  return now.reduce((sum, text, row) => (text === before[row] ? sum : sum + text.length), 0);
}
