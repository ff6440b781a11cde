/**
 * HTTP/2 with prior knowledge over any byte stream: how the API is spoken on the one channel that SSH gives. REST, an
 * event stream and large logs share it at once.
 */
import { connect, constants } from 'node:http2';
import { type Duplex, PassThrough, type Readable } from 'node:stream';
import { type ApiRequest, type ApiResponse, type ApiTransport, LinkError } from './transport.ts';

/** With the default of 64 KiB a 100 MB body stalled on every round trip; with megabytes it ran at the link's speed. */
const WINDOW_BYTES = 8 * 1024 * 1024;

/** `stream` must be at the first byte of HTTP/2; it is destroyed on close. */
export function h2Transport(stream: Duplex): ApiTransport {
  const session = connect('http://master', {
    createConnection: () => stream,
    settings: { initialWindowSize: WINDOW_BYTES, enablePush: false },
  });
  let broken: Error | undefined;
  session.on('error', (error) => {
    broken ??= error;
  });
  session.on('connect', () => {
    // Node tells of the connection on the next tick, when whoever wanted no more than the way in may have closed it.
    if (!session.destroyed) session.setLocalWindowSize(2 * WINDOW_BYTES);
  });
  stream.on('error', (error) => {
    broken ??= error;
  });
  return {
    request: (request) => {
      if (session.closed || session.destroyed) {
        return Promise.reject(
          new LinkError(broken?.message ?? 'the connection is closed', { cause: broken }),
        );
      }
      return send(session.request(headersOf(request), { endStream: request.body === undefined }), request);
    },
    close: () => {
      session.destroy();
      stream.destroy();
    },
  };
}

function headersOf({ method, path, body }: ApiRequest) {
  return {
    ':method': method,
    ':path': path,
    accept: 'application/json, text/event-stream, text/plain',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
}

type H2Stream = ReturnType<ReturnType<typeof connect>['request']>;

/**
 * The body for whoever reads it later. An HTTP/2 stream counts as closed once its last frame is here, and Node refuses
 * to iterate a closed stream even if its bytes are still unread; a plain one behind it does not mind. A stream whose
 * session dies ends like a whole one, without an error (Node 24.21): only its reset code tells them apart, and that is
 * final once it has closed.
 */
function readable(stream: H2Stream): Readable {
  const body = new PassThrough();
  stream.pipe(body, { end: false });
  stream.once('error', (error) => body.destroy(error));
  stream.once('close', () => {
    if (stream.readableEnded && stream.rstCode === constants.NGHTTP2_NO_ERROR) body.end();
    else body.destroy(new Error('the answer broke off'));
  });
  body.once('close', () => {
    if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
  });
  return body;
}

function send(stream: H2Stream, { body, signal }: ApiRequest): Promise<ApiResponse> {
  return new Promise((resolve, reject) => {
    const abort = () => stream.close(constants.NGHTTP2_CANCEL);
    signal?.addEventListener('abort', abort, { once: true });
    stream.once('response', (headers) =>
      resolve({ status: Number(headers[':status']), body: readable(stream) }),
    );
    stream.once('error', (error) => reject(new LinkError(error.message, { cause: error })));
    stream.once('close', () => {
      signal?.removeEventListener('abort', abort);
      reject(new LinkError('the connection was closed'));
    });
    if (body !== undefined) stream.end(body);
    if (signal?.aborted) abort();
  });
}
