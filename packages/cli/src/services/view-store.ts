/** Holds the one state of a run and tells whoever shows it. */
import type { ViewMessage } from '../view/messages.ts';
import { reduce } from '../view/reduce.ts';
import { EMPTY_STATE, type ViewState } from '../view/state.ts';

export class ViewStore {
  #state: ViewState = EMPTY_STATE;
  readonly #listeners = new Set<(state: ViewState) => void>();

  get state(): ViewState {
    return this.#state;
  }

  dispatch(message: ViewMessage): void {
    this.#state = reduce(this.#state, message);
    for (const listener of this.#listeners) listener(this.#state);
  }

  subscribe(listener: (state: ViewState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
