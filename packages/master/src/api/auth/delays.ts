/**
 * Against guessing of passwords: who fails again and again waits longer and longer. An attempt counts as failed before it
 * is checked, so that a thousand at once are not a thousand free ones. Per address the wait grows to a quarter of an
 * hour; per user only to half a minute, because whoever knows a name could otherwise keep its owner out.
 */

/** Attempts that cost nothing: people mistype. */
const FREE = 5;
const LONGEST_MS = { user: 30_000, address: 15 * 60_000 } as const;
/** Who has not tried for so long begins anew. */
const FORGET_MS = 60 * 60_000;
/** Users and addresses that are remembered; beyond it the one that was seen longest ago is forgotten. */
const MOST = 10_000;

interface Record {
  failures: number;
  /** Milliseconds on the monotonic clock. */
  at: number;
}

/** How long after so many failures in a row nothing is looked at. */
export function delayAfter(failures: number, longestMs: number): number {
  if (failures < FREE) return 0;
  return Math.min(1000 * 2 ** Math.min(failures - FREE, 20), longestMs);
}

export class Delays {
  readonly #now: () => number;
  readonly #records = new Map<string, Record>();

  /** `now` is a monotonic clock. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** 0 when it may be looked at, and it is then counted as failed; else how long to wait. Milliseconds. */
  attempt(user: string, address: string): number {
    const keys = this.#keys(user, address);
    const waitMs = Math.max(...keys.map(({ key, longestMs }) => this.#waitMs(key, longestMs)));
    if (waitMs <= 0) for (const { key } of keys) this.#count(key);
    return Math.max(waitMs, 0);
  }

  /** It was right. The address stays suspect for the other names that it tried. */
  succeeded(user: string, address: string): void {
    this.#records.delete(`user ${user}`);
    const record = this.#records.get(`address ${address}`);
    if (record !== undefined) record.failures = Math.max(0, record.failures - 1);
  }

  #keys(user: string, address: string) {
    return [
      { key: `address ${address}`, longestMs: LONGEST_MS.address },
      { key: `user ${user}`, longestMs: LONGEST_MS.user },
    ];
  }

  #waitMs(key: string, longestMs: number): number {
    const record = this.#records.get(key);
    return record === undefined ? 0 : record.at + delayAfter(record.failures, longestMs) - this.#now();
  }

  /** Re-inserted, so that the map stays in the order of the newest attempt. */
  #count(key: string): void {
    const now = this.#now();
    const before = this.#records.get(key);
    this.#records.delete(key);
    const failures = before === undefined || now - before.at > FORGET_MS ? 1 : before.failures + 1;
    this.#records.set(key, { failures, at: now });
    const [oldest] = this.#records.keys();
    if (this.#records.size > MOST && oldest !== undefined) this.#records.delete(oldest);
  }
}
