/** The four faces of a run and how one is chosen. Each is fed the state of the one view model and nothing else. */
import type { ViewState } from '../view/state.ts';

export interface Face {
  /** May be called often; what is costly is put together by the face itself. */
  update(state: ViewState): void;
  /** Tells what is left to tell; the run is over. */
  end(state: ViewState, exitCode: number): Promise<void>;
}

export type FaceName = 'screen' | 'plain' | 'json' | 'events' | 'quiet';

export interface FaceWishes {
  json: boolean;
  events: boolean;
  quiet: boolean;
  /** All of the logs, which no screen could hold. */
  follow?: boolean;
  /** Continuous integration, a dumb terminal or a wish for accessibility. */
  wantsPlain: boolean;
  isTerminal: boolean;
}

export function chooseFace({ json, events, follow, quiet, wantsPlain, isTerminal }: FaceWishes): FaceName {
  if (json) return 'json';
  if (events) return 'events';
  if (follow) return 'plain';
  if (quiet) return 'quiet';
  return isTerminal && !wantsPlain ? 'screen' : 'plain';
}
