/** Runs something that fills a store while a face shows it, and tells the ending in that face. */
import type { KeyAction } from '../ui/try-keys.ts';
import type { LogPiece } from '../view/log-piece.ts';
import { logEventLine, logLines } from '../view/renderers/log.ts';
import { chooseFace, type Face, type FaceName, type FaceWishes } from './face.ts';
import type { Ending } from './follow-try.ts';
import { eventsFace, jsonFace, type LineFaceOptions, plainFace, quietFace } from './line-faces.ts';
import type { Runtime } from './runtime.ts';
import { paintFirstFrame, screenFace } from './screen-face.ts';
import type { ViewStore } from './view-store.ts';

export interface Presentation {
  store: ViewStore;
  face: FaceName;
  /** Whether all of the logs is told. */
  follow: boolean;
  /** The first frame of a screen. */
  firstLine: string;
  onAction: (action: NonNullable<KeyAction>) => void;
}

export function faceFor(wishes: Omit<FaceWishes, 'wantsPlain' | 'isTerminal'>, runtime: Runtime): FaceName {
  const { environment, stdout } = runtime;
  return chooseFace({ ...wishes, wantsPlain: environment.wantsPlain, isTerminal: stdout.isTTY === true });
}

/** Gives the exit code. What `work` throws is thrown on, after the face has let go of the terminal. */
export async function present(
  { store, face: name, follow, firstLine, onAction }: Presentation,
  runtime: Runtime,
  work: () => Promise<Ending>,
): Promise<number> {
  const clear = name === 'screen' ? paintFirstFrame(runtime.stdout, firstLine) : () => {};
  if (name === 'screen') await runtime.terminal.draw({ hide: clear, show: () => {} });
  const working = work();
  // Whoever waits for the face first must not leave a failure unheard.
  working.catch(() => {});
  const face =
    name === 'screen'
      ? await screenFace({ store, runtime, onAction, clear })
      : lineFace(name, runtime, { follow });
  face.update(store.state);
  const unsubscribe = store.subscribe((state) => face.update(state));
  try {
    const ending = await working;
    const { exitCode } = ending;
    unsubscribe();
    store.dispatch({ type: 'local', fact: { type: 'finished', ...ending, at: runtime.clock.now() } });
    await face.end(store.state, exitCode);
    return exitCode;
  } catch (error) {
    unsubscribe();
    if (name === 'screen') await face.end(store.state, 1);
    throw error;
  }
}

function lineFace(
  name: Exclude<FaceName, 'screen'>,
  { stdout, clock }: Runtime,
  options: LineFaceOptions,
): Face {
  const write = (line: string) => void stdout.write(`${line}\n`);
  const now = () => clock.now();
  switch (name) {
    case 'json':
      return jsonFace(write, now);
    case 'events':
      return eventsFace(write, now, options);
    case 'quiet':
      return quietFace(write, now);
    case 'plain':
      return plainFace(write, now, options);
  }
}

/** Writes each piece of a followed log where the face writes. */
export function logTeller(
  face: FaceName,
  store: ViewStore,
  { stdout, clock }: Runtime,
): (piece: LogPiece) => void {
  return (piece) => {
    const isAlone = store.state.requests.size <= 1;
    const lines = face === 'events' ? [logEventLine(piece, clock.now())] : logLines(piece, { isAlone });
    stdout.write(`${lines.join('\n')}\n`);
  };
}
