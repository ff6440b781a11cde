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
  { breakOff }: RequestEnv,
  onFailure: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const gone = new AbortController();
  const pieces = source(gone.signal);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await pieces.next();
          if (gone.signal.aborted) return;
          if (done) controller.close();
          else controller.enqueue(typeof value === 'string' ? encoder.encode(value) : value);
        } catch (error) {
          if (gone.signal.aborted) return;
          if (!(error instanceof CutShort)) onFailure(error);
          if (breakOff === undefined) controller.error(error);
          else breakOff();
        }
      },
      async cancel() {
        gone.abort();
        await pieces.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
