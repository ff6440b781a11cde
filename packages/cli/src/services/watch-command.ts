/** `buildbot watch`: one try to its end like `try` itself, or the whole farm until somebody has seen enough. */
import { ExternalError, formatDuration } from '@buildbot/shared';
import type { SettingValues } from '../config/settings.ts';
import { type FarmChoice, WHOLE_FARM } from '../view/farm-choice.ts';
import { type Condition, conditionMet } from '../view/until.ts';
import type { TryReference } from './build-reference.ts';
import { chosenStore, refuseUnknown } from './chosen-store.ts';
import { CurrentClient } from './current-client.ts';
import { findTry } from './find-build.ts';
import { followFarm } from './follow-farm.ts';
import type { LogPositions } from './follow-logs.ts';
import type { MasterLink } from './master-link.ts';
import { exitCodeOfFarm, presentFarm } from './present-farm.ts';
import { faceFor } from './present-try.ts';
import type { Runtime } from './runtime.ts';
import type { ViewStore } from './view-store.ts';
import { watchTry } from './watch-try.ts';

export interface WatchCommandInput {
  link: MasterLink;
  given: SettingValues;
  /** Without contact for this long it ends; unless given, a try after ten minutes and the farm never. Milliseconds. */
  reconnectMs: number | undefined;
  /** Null for the whole farm. */
  reference: TryReference | null;
  json: boolean;
  events: boolean;
  /** All of the logs of a try, from where an earlier process had come to; null for none. */
  logsFrom: LogPositions | null;
  /** Of the farm: the whole screen. */
  full: boolean;
  /** Of the farm: what of it, and how long. */
  choice?: FarmChoice;
  until?: Condition | null;
  /** Of a try: what fails without the change, too, counts for nothing. */
  newOnly: boolean;
  /** Empty; holds in the end what there was to show. */
  store: ViewStore;
}

/** Gives the exit code: of a try as `try` has it, of the farm 0 (see `exitCodeOfFarm`). */
export async function watchCommand(input: WatchCommandInput, runtime: Runtime): Promise<number> {
  const { store } = input;
  const { json, events, logsFrom } = input;
  const face = faceFor({ json, events, quiet: false, follow: logsFrom !== null }, runtime);
  const { link, reference } = input;
  if (reference === null) return watchFarm(input, { store, face }, runtime);
  const buildSetId =
    'buildSetId' in reference ? reference.buildSetId : await findTry(await link.open(), reference);
  return watchTry({ ...input, buildSetId, face }, runtime);
}

type Shown = { store: ViewStore; face: ReturnType<typeof faceFor> };

async function watchFarm(
  input: WatchCommandInput,
  { store, face }: Shown,
  runtime: Runtime,
): Promise<number> {
  const { link, reconnectMs, choice = WHOLE_FARM, until = null } = input;
  const waits = until !== null;
  const ended = new AbortController();
  const current = new CurrentClient();
  let isAway = false;
  const stopListening = runtime.onInterrupt((interruption) => {
    // In a pager Ctrl-C is a key like any other.
    if (!isAway || interruption === 'termination') ended.abort();
  });
  const onAway = (now: boolean) => {
    isAway = now;
  };
  if (input.given.timeout !== undefined)
    void runtime.clock.sleep(input.given.timeout, ended.signal).then(() => ended.abort('timeout'));
  try {
    const following = followFarm(
      { link, store, current, clock: runtime.clock, random: runtime.random },
      { giveUpAfterMs: reconnectMs, signal: ended.signal, mine: choice.mine },
    );
    const shown = chosenStore(store, choice);
    store.subscribe((state) => refuseUnknown(state, choice));
    const presenting = presentFarm(
      { store: shown, face, following, ended, waits, current, onAway, isFull: input.full },
      runtime,
    );
    // Last, so that what ends it is shown before.
    const isMet = until === null ? () => false : conditionMet(until);
    shown.subscribe((state) => {
      if (isMet(state)) ended.abort('met');
    });
    await presenting;
    if (reconnectMs !== undefined && (await following) === 'no-contact')
      throw new ExternalError(link.name, `no contact for ${formatDuration(reconnectMs)}`);
    return exitCodeOfFarm(ended.signal, waits);
  } finally {
    stopListening();
  }
}
