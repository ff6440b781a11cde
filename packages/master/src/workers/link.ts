/** One WebSocket from a worker: kept alive, paused, closed. It knows bytes and silence, not what is said. */
import type { Duplex } from 'node:stream';
import {
  Liveness,
  type LivenessTiming,
  type MasterMessage,
  messageOf,
  tickInterval,
  type WorkerMessage,
} from '@buildbot/shared';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../ports/service.ts';

export interface LinkHandlers {
  onText(text: string): void;
  onBinary(bytes: Uint8Array): void;
  /** Something should be sent, so that the other side hears from us or answers. */
  onProbe(): void;
  /** It should have been heard, and was not for so long; `null` when it is heard again. Milliseconds. */
  onSilence?(silentForMs: number | null): void;
  /** Once, whatever ended it; nothing comes after it. */
  onClose(reason: string): void;
}

/** Byte counters of whatever socket the HTTP server gave us; a pipe in a test may have none. */
interface Counted {
  bytesRead?: number;
  bytesWritten?: number;
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

export interface LinkInput {
  ws: WebSocket;
  socket: Duplex;
  clock: Clock;
  timing: LivenessTiming;
}

export class Link {
  readonly #ws: WebSocket;
  readonly #socket: Duplex & Counted;
  readonly #clock: Clock;
  readonly #ticker: NodeJS.Timeout;
  #handlers: LinkHandlers | null = null;
  #isSilent = false;
  #closedBecause: string | null = null;
  #reason: string | null = null;

  constructor({ ws, socket, clock, timing }: LinkInput) {
    this.#ws = ws;
    this.#socket = socket;
    this.#clock = clock;
    const liveness = new Liveness(timing, clock.monotonic());
    this.#ticker = setInterval(() => this.#tick(liveness), tickInterval(timing));
    ws.on('message', (data, isBinary) => {
      if (this.#closedBecause !== null) return;
      if (isBinary) this.#handlers?.onBinary(bytesOf(data));
      else this.#handlers?.onText(bytesOf(data).toString('utf8'));
    });
    ws.on('error', (error) => {
      this.#reason ??= messageOf(error);
    });
    ws.on('close', (code, text) => this.#closed(text.toString('utf8') || `connection closed (${code})`));
  }

  get isOpen(): boolean {
    return this.#closedBecause === null;
  }

  /** From now on `handlers` are told. A connection that is closed already is told so at once. */
  attach(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    if (this.#closedBecause !== null) handlers.onClose(this.#closedBecause);
  }

  send(message: MasterMessage): void {
    if (this.isOpen) this.#ws.send(JSON.stringify(message));
  }

  /** Resolves when the bytes are on their way out, so that a slow link is never given more than one frame ahead. */
  sendBinary(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      if (this.isOpen) this.#ws.send(bytes, { binary: true }, () => resolve());
      else resolve();
    });
  }

  /** Take nothing more from the wire for now; the worker's own window keeps it from sending much. */
  pause(): void {
    this.#ws.pause();
  }

  resume(): void {
    this.#ws.resume();
  }

  /** Say why, then close in order; a peer that does not answer is cut by the closing timeout of `ws`. */
  close(farewell: MasterMessage, reason: string): void {
    this.send(farewell);
    this.#ws.close(1000, reason.slice(0, 100));
    this.#closed(reason);
  }

  cut(reason: string): void {
    this.#ws.terminate();
    this.#closed(reason);
  }

  #tick(liveness: Liveness): void {
    const { bytesRead = 0, bytesWritten = 0 } = this.#socket;
    const verdict = liveness.tick(this.#clock.monotonic(), bytesRead, bytesWritten);
    if (verdict === 'probe') this.#handlers?.onProbe();
    if (verdict === 'dead') this.cut('nothing was heard of the worker');
    // Of one that nobody listens to it cannot be said that it is silent.
    else this.#heed(this.#ws.isPaused ? null : liveness.silentForMs);
  }

  #heed(silentForMs: number | null): void {
    const isSilent = silentForMs !== null;
    if (isSilent === this.#isSilent) return;
    this.#isSilent = isSilent;
    this.#handlers?.onSilence?.(silentForMs);
  }

  #closed(reason: string): void {
    if (this.#closedBecause !== null) return;
    this.#closedBecause = this.#reason ?? reason;
    clearInterval(this.#ticker);
    this.#handlers?.onClose(this.#closedBecause);
  }
}

/** Messages of a worker that carry a number. */
export type Numbered = Extract<WorkerMessage, { seq: number }>;
