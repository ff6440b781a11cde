/**
 * The master's API for the rest of the CLI: resources, control methods, events and logs over one `ApiTransport`. What
 * comes in is checked for its shape only; the master's schemas made it, and the view model passes over what it does
 * not know. (Validating with zod would cost 80 ms before the first word on the screen.)
 */
import type { Readable } from 'node:stream';
import {
  type EventMessage,
  ExternalError,
  formatDuration,
  messageOf,
  type ResourceName,
  type ResourceOf,
  UserError,
} from '@buildbot/shared';
import { SseParser } from './sse.ts';
import { type ApiRequest, type ApiResponse, type ApiTransport, LinkError } from './transport.ts';

/** Largest answer that is read whole. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** How often the master speaks on a stream of events at least. Milliseconds. */
const HEARTBEAT_MS = 15_000;

/** Why the link is lost when the master says goodbye. */
export const MASTER_STOPS = 'the master is being stopped';

/** Told instead of events when the asked-for position is not kept any more. */
export interface Resync {
  resync: true;
  n: number;
}

export type Told = EventMessage | Resync;

export interface ApiLimits {
  /** How long the head of an answer may take. Milliseconds. */
  answerMs: number;
  /** A body of which nothing comes for three to four of these is dead, unless it is a log that grows. Milliseconds. */
  silentIntervalMs: number;
}

const SILENT_INTERVALS = 3;

/** However often something is heard, a master may take this long to answer. Milliseconds. */
const LEAST_ANSWER_MS = 5000;

/** Limits for a link on which something is heard every `heartbeatMs`. */
export function limitsFor(heartbeatMs = HEARTBEAT_MS): ApiLimits {
  return { answerMs: Math.max(LEAST_ANSWER_MS, 2 * heartbeatMs), silentIntervalMs: heartbeatMs };
}

export class ApiClient {
  readonly #transport: ApiTransport;
  readonly #limits: ApiLimits;

  constructor(transport: ApiTransport, limits: ApiLimits = limitsFor()) {
    this.#transport = transport;
    this.#limits = limits;
  }

  /** A host that is gone without a word would else be waited for until TCP gives up, which takes minutes. */
  async #ask(request: ApiRequest): Promise<ApiResponse> {
    const late = new AbortController();
    const { answerMs } = this.#limits;
    const timer = setTimeout(() => late.abort(), answerMs);
    const signal =
      request.signal === undefined ? late.signal : AbortSignal.any([request.signal, late.signal]);
    try {
      return await this.#transport.request({ ...request, signal });
    } catch (error) {
      if (late.signal.aborted) throw new LinkError(`no answer within ${formatDuration(answerMs)}`);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * The resources at a path below `/api/v2/`, for example `builds?builderid=3`, under their plural key.
   * @throws NotFound, UserError (other refusals), ExternalError (the server is at fault), LinkError
   */
  async get(path: string, plural: string, signal?: AbortSignal): Promise<unknown[]> {
    const response = await this.#ask({ method: 'GET', path: `/api/v2/${path}`, signal });
    const answer = parseObject(await readAll(this.#heard(response.body)), path);
    if (response.status !== 200) throw refusal(response.status, answer.error, path);
    const resources = answer[plural];
    if (!Array.isArray(resources))
      throw new ExternalError('the master', `its answer to ${path} has no ${plural}`);
    return resources;
  }

  /** `get` with the type that goes with the plural name. */
  async resources<N extends ResourceName>(
    name: N,
    path: string = name,
    signal?: AbortSignal,
  ): Promise<ResourceOf<N>[]> {
    return (await this.get(path, name, signal)) as ResourceOf<N>[];
  }

  /** The name by which the master knows whoever asks; null for a stranger, and for a real Buildbot without a login. */
  async userName(signal?: AbortSignal): Promise<string | null> {
    const response = await this.#ask({ method: 'GET', path: '/config', signal });
    const { user } = parseObject(await readAll(this.#heard(response.body)), 'config');
    if (response.status !== 200 || typeof user !== 'object' || user === null) return null;
    return 'username' in user && typeof user.username === 'string' ? user.username : null;
  }

  /** A control method of the resource at `path`; gives its result. Same errors as `get`. */
  async control(path: string, method: string, params: Record<string, unknown>): Promise<unknown> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await this.#ask({ method: 'POST', path: `/api/v2/${path}`, body });
    const answer = parseObject(await readAll(this.#heard(response.body)), path);
    if (response.status === 200) return answer.result;
    const error = answer.error;
    const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
    throw refusal(response.status, message, path);
  }

  /**
   * Events under any of `paths` (with `*` for one component), those after number `from` first. Ends only with an
   * error, or when `signal` aborts.
   * @throws NotFound when the server has no such stream (a real Buildbot), LinkError when the link breaks
   */
  async *events(paths: readonly string[], from: number | null, signal: AbortSignal): AsyncGenerator<Told> {
    const query = new URLSearchParams(paths.map((path): [string, string] => ['path', path]));
    if (from !== null) query.set('from', String(from));
    const response = await this.#ask({
      method: 'GET',
      path: `/api/v2/events?${query}`,
      signal,
    });
    if (response.status !== 200) throw await refusalOf(response, 'events');
    const parser = new SseParser();
    for await (const bytes of this.#heard(response.body, signal)) {
      for (const { event, data } of parser.push(bytes)) {
        if (event === 'stopping') throw new LinkError(MASTER_STOPS);
        const told = toldBy(data);
        if (told !== undefined) yield told;
      }
    }
    if (!signal.aborted) throw new LinkError('the event stream ended');
  }

  /**
   * The bytes of a body as long as they come. Intervals are counted, not time, for a client that was asleep has not
   * missed anything; and only while bytes are waited for, for whoever reads slowly has heard enough.
   */
  async *#heard(body: Readable, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    let silent = 0;
    let isWaiting = true;
    const timer = setInterval(() => {
      if (isWaiting && ++silent > SILENT_INTERVALS) body.destroy(new Silence());
    }, this.#limits.silentIntervalMs);
    try {
      for await (const bytes of bytesOf(body, signal)) {
        isWaiting = false;
        yield bytes;
        silent = 0;
        isWaiting = true;
      }
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * The raw bytes of a log from byte `offset` on; with `follow` until the log is complete. A log may be quiet for hours,
   * and has no heartbeat among its bytes: a quiet one is asked for again from where it is, which tells whether anybody
   * is there.
   * @throws NotFound, LinkError when the link breaks before the end
   */
  async *rawLog(
    logId: number,
    offset: number,
    follow: boolean,
    signal?: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    for (let position = offset; ; ) {
      const path = `/api/v2/logs/${logId}/raw?offset=${position}${follow ? '&follow=1' : ''}`;
      const response = await this.#ask({ method: 'GET', path, signal });
      if (response.status !== 200 && response.status !== 206) throw await refusalOf(response, `log ${logId}`);
      try {
        for await (const bytes of this.#heard(response.body, signal)) {
          position += bytes.length;
          yield bytes;
        }
        return;
      } catch (error) {
        if (!follow || !(error instanceof Silence)) throw error;
      }
    }
  }

  close(): void {
    this.#transport.close();
  }
}

/** The link is there, and nothing comes. */
class Silence extends LinkError {
  constructor() {
    super('nothing was heard for too long');
  }
}

/** The master has nothing there. */
export class NotFound extends UserError {}

async function refusalOf(response: ApiResponse, what: string): Promise<Error> {
  const answer = parseObject(await readAll(bytesOf(response.body)), what);
  return refusal(response.status, answer.error, what);
}

/** Buildbot tells a missing resource in the words of its own code, which help nobody. */
function whyNotFound(text: string): string {
  return text.startsWith('not found while getting from endpoint') ? '' : `: ${text}`;
}

function refusal(status: number, said: unknown, what: string): Error {
  const text = textOf(said) || `HTTP status ${status}`;
  if (status === 404) return new NotFound(`the master has no ${what.split('?')[0]}${whyNotFound(text)}`);
  if (status === 401 || status === 403) return new UserError(`the master refused: ${text}`, { exitCode: 5 });
  if (status >= 400 && status < 500) return new UserError(`the master refused: ${text}`);
  return new ExternalError('the master', text);
}

/** What is wrong with a form is told by field. */
function textOf(said: unknown): string {
  if (typeof said === 'string') return said;
  if (typeof said !== 'object' || said === null) return '';
  return Object.values(said)
    .filter((text) => typeof text === 'string')
    .join('; ');
}

/** An answer that is no JSON object counts as one that says nothing but its text. */
function parseObject(bytes: Buffer, what: string): Record<string, unknown> {
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { error: `an answer to ${what} that is not JSON: ${text.slice(0, 200)}` };
}

function toldBy(data: string): Told | undefined {
  const value: unknown = JSON.parse(data);
  if (typeof value !== 'object' || value === null) return undefined;
  if ('resync' in value && 'n' in value && typeof value.n === 'number') return { resync: true, n: value.n };
  return 'k' in value && typeof value.k === 'string' && 'm' in value ? (value as EventMessage) : undefined;
}

async function readAll(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const bytes of body) {
    size += bytes.length;
    if (size > MAX_ANSWER_BYTES) throw new ExternalError('the master', 'an answer of more than 64 MiB');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/**
 * A body that breaks off is a lost link; one that the reader gave up on simply ends. A stream of HTTP/2 whose session
 * dies stops without any error (Node 24.21): only that its end never came tells it from a whole one.
 */
async function* bytesOf(body: Readable, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of body) yield bytes as Uint8Array;
  } catch (error) {
    if (signal?.aborted) return;
    if (error instanceof Silence) throw error;
    throw new LinkError(messageOf(error), { cause: error });
  } finally {
    body.destroy();
  }
  if (!body.readableEnded && !signal?.aborted) throw new LinkError('the answer broke off');
}
