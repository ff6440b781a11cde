/**
 * The raw bytes of a log from an offset on, and, if asked, on until it is complete. A follower sleeps until a commit
 * touches its log: no polling, and a commit between reading and sleeping is not slept through.
 */
import type { Log, StoredEvent } from '@buildbot/shared';
import { BugError } from '@buildbot/shared';
import type { Store } from '../../ports/store.ts';
import { Bell } from '../events/bell.ts';
import type { CommitReader, EventHub } from '../events/event-hub.ts';
import { CutShort } from '../http/byte-stream.ts';

/** Looked at again this often even if nothing is told: a bound on the harm of anything unforeseen, not a poll. */
const SAFETY_MS = 60_000;

class LogWatch implements CommitReader {
  readonly bell = new Bell();
  readonly #log: Log;
  readonly #prefix: string;

  constructor(log: Log) {
    this.#log = log;
    this.#prefix = `logs/${log.logId}/`;
  }

  stopping(): void {
    this.bell.ring();
  }

  committed(events: readonly StoredEvent[], growth: readonly Log[]): void {
    const isTouched =
      growth.some((log) => log.logId === this.#log.logId) ||
      events.some((event) => event.paths.some((path) => path.startsWith(this.#prefix)));
    if (isTouched) this.bell.ring();
  }
}

export interface FollowInput {
  log: Log;
  offset: number;
  /** `false` ends at what is known now. */
  follow: boolean;
  signal: AbortSignal;
}

/**
 * Ends only when every byte has been given: of a followed log when it is complete, else of what there was. Throws when
 * the log vanishes or has fewer bytes than it should, and when the master stops before that.
 */
export async function* logBytes(store: Store, hub: EventHub, input: FollowInput): AsyncGenerator<Uint8Array> {
  const { follow, signal } = input;
  const watch = new LogWatch(input.log);
  const leave = hub.add(watch);
  let position = input.offset;
  try {
    while (!signal.aborted) {
      const log = await store.log(input.log.logId);
      if (log === null) throw new BugError(`log ${input.log.logId} vanished while it was being read`);
      for await (const piece of store.readLog(log.logId, position)) {
        position += piece.byteLength;
        yield piece;
        if (signal.aborted) return;
        if (hub.isStopping) throw new CutShort();
      }
      if (position < log.bytes)
        throw new BugError(`log ${log.logId} ends at byte ${position} of ${log.bytes}`);
      if (!follow || log.complete) return;
      if (hub.isStopping) throw new CutShort();
      await watch.bell.wait(signal, SAFETY_MS);
    }
  } finally {
    leave();
  }
}
