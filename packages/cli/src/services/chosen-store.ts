/** A view of a store through a choice: what is told, and to whom, stays the same; what is shown is less. */
import { nearest, sanitizeName, UserError } from '@buildbot/shared';
import { chosenFarm, type FarmChoice } from '../view/farm-choice.ts';
import type { ViewState } from '../view/state.ts';
import type { ViewStore } from './view-store.ts';

/** What whoever shows something needs of a store. */
export type ShownStore = Pick<ViewStore, 'state' | 'subscribe'>;

/** Subscribers are told of each state that the store has. */
export function chosenStore(store: ShownStore, choice: FarmChoice): ShownStore {
  let last: { state: ViewState; chosen: ViewState } | null = null;
  const chosenOf = (state: ViewState): ViewState => {
    if (last?.state !== state) last = { state, chosen: chosenFarm(state, choice) };
    return last.chosen;
  };
  return {
    get state() {
      return chosenOf(store.state);
    },
    subscribe: (listener) => store.subscribe((state) => listener(chosenOf(state))),
  };
}

/** @throws UserError for a name that the farm has not: nothing would ever be shown. */
export function refuseUnknown(state: ViewState, choice: FarmChoice): void {
  if (state.farm === null) return;
  const check = (
    what: string,
    wanted: readonly string[],
    known: readonly string[],
    command: string,
  ): void => {
    const unknown = wanted.find((name) => !known.includes(name));
    if (unknown === undefined) return;
    const close = nearest(unknown, known);
    const hint =
      close === undefined ? `'buildbot ${command}' lists them.` : `Did you mean '${sanitizeName(close)}'?`;
    throw new UserError(`there is no ${what} '${sanitizeName(unknown)}'`, { hint });
  };
  const namesOf = (table: ViewState['builders'] | ViewState['workers']) =>
    [...table.values()].map(({ value }) => value.name);
  check('builder', choice.builders, namesOf(state.builders), 'builders');
  check('worker', choice.workers, namesOf(state.workers), 'workers');
}
