/** One WebSocket to a master: opened, kept alive, closed. It knows bytes and silence, not what is said. */
import type { Socket } from 'node:net';
import { Liveness, type LivenessTiming, MAX_MESSAGE_BYTES, messageOf, tickInterval } from '@buildbot/shared';
import { type RawData, WebSocket } from 'ws';
import type { WorkerClock } from '../clock.ts';

const HANDSHAKE_MS = 10_000;

/** Until the master says its own in the welcome. */
const FIRST_TIMING: LivenessTiming = { keepaliveMs: 10_000, timeoutMs: 10_000 };

export interface LinkHandlers {
  onOpen(): void;
  onText(text: string): void;
  onBinary(bytes: Uint8Array): void;
  /** Something should be sent, so that the other side hears from us or answers. */
  onProbe(): void;
  /** Once, whatever ended it; nothing comes after it. */
  onClose(reason: string): void;
}

/** Opens a WebSocket to a master; a simulation gives one of its own. */
export type Dial = (url: string) => WebSocket;

const dialMaster: Dial = (url) =>
  new WebSocket(url, {
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
    handshakeTimeout: HANDSHAKE_MS,
  });

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

export class Link {
  readonly #ws: WebSocket;
  readonly #clock: WorkerClock;
  readonly #handlers: LinkHandlers;
  #socket: Socket | null = null;
  #ticker: NodeJS.Timeout | null = null;
  #isClosed = false;
  #reason: string | null = null;

  constructor(url: string, clock: WorkerClock, handlers: LinkHandlers, dial: Dial = dialMaster) {
    this.#clock = clock;
    this.#handlers = handlers;
    this.#ws = dial(url);
    this.#ws.on('upgrade', (response) => {
      this.#socket = response.socket;
    });
    this.#ws.on('open', () => this.#opened());
    this.#ws.on('message', (data, isBinary) => {
      if (this.#isClosed) return;
      if (isBinary) handlers.onBinary(bytesOf(data));
      else handlers.onText(bytesOf(data).toString('utf8'));
    });
    this.#ws.on('error', (error) => {
      this.#reason ??= messageOf(error) || 'connection failed';
    });
    this.#ws.on('close', (code, text) =>
      this.#closed(text.toString('utf8') || `connection closed (${code})`),
    );
  }

  /** Watch the connection by the master's timing from now on. */
  keepAlive(timing: LivenessTiming): void {
    if (this.#ticker !== null) clearInterval(this.#ticker);
    const liveness = new Liveness(timing, this.#clock.monotonic());
    this.#ticker = setInterval(() => this.#tick(liveness), tickInterval(timing));
  }

  sendText(message: object): void {
    this.#ws.send(JSON.stringify(message));
  }

  send(bytes: Uint8Array, binary: boolean): void {
    this.#ws.send(bytes, { binary });
  }

  /** Cut the connection now; `onClose` follows. */
  cut(reason: string): void {
    this.#reason ??= reason;
    this.#ws.terminate();
    // A peer that is gone must not keep us waiting for its goodbye.
    this.#closed(reason);
  }

  #opened(): void {
    this.#socket?.setNoDelay(true);
    this.keepAlive(FIRST_TIMING);
    this.#handlers.onOpen();
  }

  #tick(liveness: Liveness): void {
    const verdict = liveness.tick(
      this.#clock.monotonic(),
      this.#socket?.bytesRead ?? 0,
      this.#socket?.bytesWritten ?? 0,
    );
    if (verdict === 'probe') this.#handlers.onProbe();
    if (verdict === 'dead') this.cut('no word from the master');
  }

  #closed(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#ticker !== null) clearInterval(this.#ticker);
    this.#handlers.onClose(this.#reason ?? reason);
  }
}
