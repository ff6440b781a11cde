/** Puts a screen on the terminal with the options that keep it calm: line-wise diffs, few frames. */
import { type Instance, render } from 'ink';
import type { ReactElement, ReactNode } from 'react';
import { Colour } from './lines.ts';
import { eraseWonRows, type Frame } from './reflow.ts';

export interface ScreenStreams {
  /** Whether the user wants colours (`NO_COLOR`); Ink itself does not ask. */
  allowsColour: boolean;
  stdout: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
}

/** More frames cost React work (27 % of a core at 30, 12 % at 10; 2026-11) and show nothing more. */
const MAX_FPS = 15;

/** On the alternate screen frames are counted by whoever draws them; a key's frame must not wait for the next turn. */
const MAX_FULL_FPS = 60;

/** Inline, with its `frame`; or without one on the alternate screen, where terminals wrap nothing anew. */
export function mount(
  element: ReactElement,
  { stdout, stdin, allowsColour }: ScreenStreams,
  frame: Frame | null,
): Instance {
  const stopErasing = frame === null ? () => {} : eraseWonRows(stdout, frame);
  const whole = (screen: ReactNode) => <Colour value={allowsColour}>{screen}</Colour>;
  const instance = render(whole(element), {
    stdout,
    stdin,
    exitOnCtrlC: false,
    patchConsole: false,
    incrementalRendering: true,
    alternateScreen: frame === null,
    maxFps: frame === null ? MAX_FULL_FPS : MAX_FPS,
    // The choice between screen and lines is made before; Ink must not decide again.
    interactive: true,
  });
  void instance.waitUntilExit().finally(stopErasing);
  return { ...instance, rerender: (screen) => instance.rerender(whole(screen)) };
}
