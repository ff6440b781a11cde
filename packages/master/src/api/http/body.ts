/** Request bodies with a limit: control calls are small, and nothing else is ever posted here. */
import { ApiError } from './api-error.ts';

const MAX_BODY_BYTES = 1024 * 1024;

/** The body as text. Throws `ApiError` 413 beyond the limit without reading on. */
export async function readBody(request: Request, limit = MAX_BODY_BYTES): Promise<string> {
  const tooLarge = () => new ApiError(413, `the body is larger than ${limit} bytes`);
  if (Number(request.headers.get('content-length') ?? 0) > limit) throw tooLarge();
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body) {
    size += chunk.byteLength;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
