/**
 * The try directory as the intake sees it: a maildir whose files are only moved after what they ask for is durable.
 * A file may be looked at again after it was moved (two watchers, a repeat of the question): `read` finds it there.
 */

export type JobFileRead =
  | {
      status: 'found';
      /** `new`: not dealt with yet; `cur`: taken in before. */
      place: 'new' | 'cur';
      bytes: Uint8Array;
      /** Proven submitter: the file's owner, or whom a gateway account named for it. */
      user: string;
    }
  /** It was refused before, for this reason. */
  | { status: 'failed'; reason: string }
  /** It may not be read: not a regular file, too large, or it claims a user its owner may not name. */
  | { status: 'bad'; reason: string }
  | { status: 'gone' };

export interface TryDirectory {
  /** Absolute path. */
  readonly path: string;
  /** Names in `new/`, oldest first. */
  list(): Promise<string[]>;
  /** `name` is a plain file name; anything else is `bad`. */
  read(name: string): Promise<JobFileRead>;
  /** From `new/` to `cur/`; harmless when it is there already. */
  accept(name: string): Promise<void>;
  /** From `new/` to `failed/NAME`, with `failed/NAME.reason`; harmless when it is there already. */
  refuse(name: string, reason: string): Promise<void>;
  /** Remove uploads that nobody has written to since then (epoch milliseconds); answers their names. */
  dropUploads(idleSince: number): Promise<string[]>;
}
