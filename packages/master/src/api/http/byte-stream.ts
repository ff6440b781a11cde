/**
 * A response body from an async generator, pulled as the client reads. An end of the body is a promise to the client
 * that it has everything; so a source that fails, or a server that stops, breaks the connection off instead.
 */
import type { RequestEnv } from '../deps.ts';

/** Makes the pieces. `signal` is aborted when the client has gone; the generator then ends as it likes. */
export type ByteSource = (signal: AbortSignal) => AsyncGenerator<Uint8Array | string>;

/** Thrown by a source that cannot go on though nothing is wrong: the body is broken off, and nobody is told of a failure. */
export class CutShort extends Error {
  override readonly name = 'CutShort';
}

const encoder = new TextEncoder();

/** `onFailure` is told of what the source threw. */
export function byteStream(
  source: ByteSource,
  { breakOff, ended }: RequestEnv,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const pieces = source(gone.signal);
  /** Without a connection to break off, reading fails. */
  const cut = (controller: ReadableStreamDefaultController, reason: unknown): void => {
    if (breakOff === undefined) controller.error(reason);
    else breakOff();
  };
  let onEnded: (() => void) | null = null;
  const leave = (): void => {
    if (onEnded !== null) ended?.removeEventListener('abort', onEnded);
  };
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        onEnded = () => {
          gone.abort();
          cut(controller, new CutShort());
        };
        if (ended?.aborted) onEnded();
        else ended?.addEventListener('abort', onEnded, { once: true });
      },
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (gone.signal.aborted) return;
          if (done) {
            leave();
            controller.close();
          } else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
        } catch (error) {
          if (gone.signal.aborted) return;
          if (!(error instanceof CutShort)) onFailure(error);
          leave();
          cut(controller, error);
        }
      },
      async cancel() {
        leave();
        gone.abort();
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
