/** One way to put HTTP requests to a master: over a byte stream that is already there, a unix socket or TCP. */
import type { Readable } from 'node:stream';

export interface ApiRequest {
  method: 'GET' | 'POST';
  /** Below the server's root, with its query: `/api/v2/builds?limit=1`. */
  path: string;
  /** JSON text of a POST. */
  body?: string;
  signal?: AbortSignal | undefined;
}

export interface ApiResponse {
  status: number;
  /** Must be read to its end or destroyed. Errors when the link breaks, so a cut body never looks complete. */
  body: Readable;
}

export interface ApiTransport {
  /** @throws LinkError when no answer comes. */
  request(request: ApiRequest): Promise<ApiResponse>;
  /** Ends everything under way. Closing twice is harmless. */
  close(): void;
}

/** The link to the master is gone or never was: worth another try, unlike an answer that says no. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}
