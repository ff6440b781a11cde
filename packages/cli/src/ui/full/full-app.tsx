/**
 * The full screen as something that draws when there is something new: at most ten times a second, more slowly when much
 * of the screen changes, and at once for a key.
 */
import { setFlagsFromString } from 'node:v8';
import { type Line, textOf } from '../line.ts';
import { mount, type ScreenStreams } from '../mount.tsx';
import type { Window } from '../try-layout.ts';
import { FullScreen } from './full-screen.tsx';

/** Between two frames that no key asked for: of a log, and of lists, in which less is read at once. */
const FRAME_MS = 100;
const CALM_FRAME_MS = 200;
/** Times go on even when nothing is told. */
const TICK_MS = 500;
/** What a terminal far away can be sent. */
const BYTES_PER_MS = 20;

export interface FullApp {
  /** Something new is to be seen; `calmly` when it may take a little longer. */
  changed(calmly?: boolean): void;
  /** Leaves the full screen; the terminal is as it was before. */
  end(): Promise<void>;
}

export interface FullAppOptions extends ScreenStreams {
  draw: (window: Window) => readonly Line[];
  onKey: (input: string) => void;
}

export function startFullApp({ draw, onKey, ...streams }: FullAppOptions): FullApp {
  keepMemorySmall();
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
  const changed = (calmly = false) => {
    const pause = Math.max(pauseMs, calmly ? CALM_FRAME_MS : FRAME_MS);
    timer ??= setTimeout(drawNow, Math.max(0, drawnAt + pause - performance.now()));
  };
  const ticks = setInterval(() => changed(true), TICK_MS);
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

/**
 * Frames leave much behind that dies young, and V8 would let the room for it grow and grow: 250 MB after a minute in which
 * 20 MB were in use, 150 MB like this (2026-11).
 */
function keepMemorySmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/** About as many as are sent for the new picture. */
function changedCharacters(before: readonly string[], now: readonly string[]): number {
  return now.reduce((sum, text, row) => (text === before[row] ? sum : sum + text.length), 0);
}
