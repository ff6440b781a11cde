/** The one exception of this room: an answer that is not 200, thrown from wherever it is found out. */

import type { ExternalError } from '@buildbot/shared';

export type ErrorStatus = 400 | 401 | 403 | 404 | 413 | 416 | 429 | 500 | 503;

interface ApiErrorOptions extends ErrorOptions {
  /** Sent with the answer. */
  headers?: Readonly<Record<string, string>>;
}

/** `message` is the text that the client gets. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: ErrorStatus;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: ErrorStatus, message: string, { headers = {}, ...options }: ApiErrorOptions = {}) {
    super(message, options);
    this.status = status;
    this.headers = headers;
  }
}

/** What the master stands on has failed (its disk is full): the client is told what, and may try again. */
export function outage(cause: ExternalError): ApiError {
  return new ApiError(503, cause.message, { cause });
}

/** A parameter or value that cannot be understood. */
export function badRequest(message: string): ApiError {
  return new ApiError(400, message);
}

/** No endpoint has this path. `path` is what stands after `/api/v2/`. */
export function invalidPath(path: string): ApiError {
  return new ApiError(404, `Invalid path: ${path}`);
}

/** The endpoint exists, the object does not. */
export function notFound(path: string, params: object): ApiError {
  return new ApiError(
    404,
    `not found while getting from endpoint for /${path} with arguments ${JSON.stringify(params)}`,
  );
}
