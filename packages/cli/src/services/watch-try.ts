/** One try from wherever it is to its end, shown like `try` itself: of `watch ID`, and of what waits for what it asked for. */
import type { SettingValues } from '../config/settings.ts';
import type { KeyAction } from '../ui/try-keys.ts';
import { connectionWords } from './connect.ts';
import type { FaceName } from './face.ts';
import type { LogPositions } from './follow-logs.ts';
import { TryFollower } from './follow-try.ts';
import type { MasterLink } from './master-link.ts';
import { logTeller, present } from './present-try.ts';
import type { Runtime } from './runtime.ts';
import type { ViewStore } from './view-store.ts';

export interface WatchTryInput {
  link: MasterLink;
  given: SettingValues;
  buildSetId: number;
  /** Without contact for this long it ends; unless given, after ten minutes. Milliseconds. */
  reconnectMs: number | undefined;
  face: FaceName;
  /** All of the logs, from where an earlier process had come to; null for none. */
  logsFrom: LogPositions | null;
  /** What fails without the change, too, counts for nothing. */
  newOnly: boolean;
  /** Empty; holds in the end what there was to show. */
  store: ViewStore;
}

/** Gives the exit code of the try. */
export async function watchTry(input: WatchTryInput, runtime: Runtime): Promise<number> {
  const { logsFrom, store, face } = input;
  const follower = new TryFollower({
    link: input.link,
    store,
    runtime,
    attachCommand: ['buildbot', 'watch', ...connectionWords(input.given)],
    timeoutMs: input.given.timeout,
    reconnectMs: input.reconnectMs,
    tails: face === 'screen',
    newOnly: input.newOnly,
    logs: logsFrom === null ? undefined : { from: logsFrom, tell: logTeller(face, store, runtime) },
  });
  const { intents } = follower;
  store.dispatch({ type: 'connection', words: connectionWords(input.given), isLocal: false });
  intents.sending();
  const stopListening = runtime.onInterrupt((interruption) => intents.onInterruption(interruption));
  const onAction = (action: NonNullable<KeyAction>) => intents[action]();
  const firstLine = `⠋ attaching to try #${input.buildSetId} at ${input.link.name}`;
  try {
    return await present({ store, face, follow: logsFrom !== null, firstLine, onAction }, runtime, () =>
      follower.follow(input.buildSetId, null),
    );
  } finally {
    stopListening();
  }
}
