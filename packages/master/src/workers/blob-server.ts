/** Serves pieces of blobs to one connection, one after the other, and only of commands that this worker holds. */
import {
  type BlobFrame,
  type CommandKey,
  encodeFrame,
  messageOf,
  type WorkerMessage,
} from '@buildbot/shared';
import type { Logger } from '../ports/service.ts';
import type { HeldCommand } from './held-command.ts';
import type { Link } from './link.ts';

type Fetch = Extract<WorkerMessage, { type: 'fetch' }>;

/** A sound worker asks for a handful at a time. */
const MOST_WAITING = 64;

export interface BlobServerInput {
  link: Link;
  held: ReadonlyMap<CommandKey, HeldCommand>;
  logger: Logger;
}

export class BlobServer {
  readonly #input: BlobServerInput;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(input: BlobServerInput) {
    this.#input = input;
  }

  /** `false` when the worker asks for too much at once. */
  serve(fetch: Fetch): boolean {
    if (this.#waiting >= MOST_WAITING) return false;
    this.#waiting++;
    this.#last = this.#last.then(async () => {
      const { type: _type, length: _length, ...place } = fetch;
      const header: BlobFrame = { type: 'blob', ...place };
      if (this.#input.link.isOpen)
        await this.#input.link.sendBinary(encodeFrame(header, await this.#read(fetch)));
      this.#waiting--;
    });
    return true;
  }

  /** Nothing for what is not there: the worker then says that its input is too short. */
  async #read({ key, blob, offset, length }: Fetch): Promise<Uint8Array> {
    const blobs = this.#input.held.get(key)?.wanted.blobs ?? {};
    const source = Object.hasOwn(blobs, blob) ? blobs[blob] : undefined;
    try {
      return (await source?.read(offset, length)) ?? new Uint8Array();
    } catch (error) {
      this.#input.logger.error(
        { err: error, key },
        `cannot read the input of a command: ${messageOf(error)}`,
      );
      return new Uint8Array();
    }
  }
}
