/** Pieces of blobs that were asked for. A request outlives connections: it is asked again over each new one. */
import type { BlobFrame, CommandKey } from '@buildbot/shared';

interface Request {
  key: CommandKey;
  blob: string;
  offset: number;
  length: number;
}

interface Pending {
  request: Request;
  resolve: (bytes: Uint8Array) => void;
}

function idOf({ key, blob, offset }: Pick<Request, 'key' | 'blob' | 'offset'>): string {
  return JSON.stringify([key, blob, offset]);
}

export class BlobPieces {
  readonly #pending = new Map<string, Pending>();
  #ask: ((request: Request) => void) | null = null;

  /** A connection is there: everything pending is asked for (again). `null`: it is gone. */
  connected(ask: ((request: Request) => void) | null): void {
    this.#ask = ask;
    if (ask !== null) for (const { request } of this.#pending.values()) ask(request);
  }

  readonly fetch = (request: Request, signal: AbortSignal): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const id = idOf(request);
      const onAbort = () => {
        this.#pending.delete(id);
        reject(new Error('no longer wanted'));
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#pending.set(id, {
        request,
        resolve: (bytes) => {
          signal.removeEventListener('abort', onAbort);
          resolve(bytes);
        },
      });
      this.#ask?.(request);
    });

  /** A piece arrived. One that nobody waits for (asked twice, answered twice) is dropped. */
  arrived(frame: BlobFrame, payload: Uint8Array): void {
    const id = idOf(frame);
    this.#pending.get(id)?.resolve(payload);
    this.#pending.delete(id);
  }
}
