/** Runs something that fills a store while a face shows it, and tells the ending in that face. */
import type { KeyAction } from '../ui/try-keys.ts';
import { chooseFace, type Face, type FaceName, type FaceWishes } from './face.ts';
import type { Ending } from './follow-try.ts';
import { eventsFace, jsonFace, plainFace, quietFace } from './line-faces.ts';
import type { Runtime } from './runtime.ts';
import { paintFirstFrame, screenFace } from './screen-face.ts';
import type { ViewStore } from './view-store.ts';

export interface Presentation {
  store: ViewStore;
  face: FaceName;
  /** The first frame of a screen. */
  firstLine: string;
  onAction: (action: NonNullable<KeyAction>) => void;
}

export function faceFor(wishes: Pick<FaceWishes, 'json' | 'events' | 'quiet'>, runtime: Runtime): FaceName {
  const { environment, stdout } = runtime;
  return chooseFace({ ...wishes, wantsPlain: environment.wantsPlain, isTerminal: stdout.isTTY === true });
}

/** Gives the exit code. What `work` throws is thrown on, after the face has let go of the terminal. */
export async function present(
  { store, face: name, firstLine, onAction }: Presentation,
  runtime: Runtime,
  work: () => Promise<Ending>,
): Promise<number> {
  const clear = name === 'screen' ? paintFirstFrame(runtime.stdout, firstLine) : () => {};
  if (name === 'screen') await runtime.terminal.draw({ hide: clear, show: () => {} });
  const working = work();
  // Whoever waits for the face first must not leave a failure unheard.
  working.catch(() => {});
  const face =
    name === 'screen' ? await screenFace({ store, runtime, onAction, clear }) : lineFace(name, runtime);
  face.update(store.state);
  const unsubscribe = store.subscribe((state) => face.update(state));
  try {
    const { exitCode, text } = await working;
    unsubscribe();
    store.dispatch({ type: 'local', fact: { type: 'finished', exitCode, text, at: runtime.clock.now() } });
    await face.end(store.state, exitCode);
    return exitCode;
  } catch (error) {
    unsubscribe();
    if (name === 'screen') await face.end(store.state, 1);
    throw error;
  }
}

function lineFace(name: Exclude<FaceName, 'screen'>, { stdout, clock }: Runtime): Face {
  const write = (line: string) => void stdout.write(`${line}\n`);
  const now = () => clock.now();
  switch (name) {
    case 'json':
      return jsonFace(write, now);
    case 'events':
      return eventsFace(write, now);
    case 'quiet':
      return quietFace(write, now);
    case 'plain':
      return plainFace(write, now);
  }
}
