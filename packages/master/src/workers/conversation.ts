/** One connection of a worker after its welcome: what it says becomes durable effects, pieces of blobs, signs of life. */
import {
  type CommandOutcome,
  check,
  decodeFrame,
  logFrameSchema,
  parseMessage,
  startTimer,
  unreachable,
  type WorkerMessage,
  workerMessageSchema,
} from '@buildbot/shared';
import type { WorkerEffect } from '../ports/records.ts';
import type { Logger } from '../ports/service.ts';
import { BlobServer } from './blob-server.ts';
import { Committer } from './committer.ts';
import type { HeldCommand } from './held-command.ts';
import type { Link } from './link.ts';
import { NumberedMessages, type Taken } from './numbered-messages.ts';

type AvailabilityMessage = Extract<WorkerMessage, { type: 'availability' }>;

export interface ConversationInput {
  link: Link;
  logger: Logger;
  ackedSeq: number;
  /** Bytes that the worker may have under way. */
  window: number;
  held: ReadonlyMap<string, HeldCommand>;
  commit: (effects: WorkerEffect[]) => Promise<void>;
  /** A command's end is durable and acknowledged. */
  onEnded: (held: HeldCommand, outcome: CommandOutcome) => void;
  onAvailability: (message: AvailabilityMessage) => void;
  onSilence: (silentForMs: number | null) => void;
  /** The worker broke the protocol; the connection is closed. */
  onBreach: (reason: string) => void;
  onClose: (reason: string) => void;
}

export class Conversation {
  readonly #input: ConversationInput;
  readonly #messages: NumberedMessages;
  readonly #committer: Committer;
  readonly #blobs: BlobServer;
  /** Told whether the answer came. */
  readonly #pings = new Map<number, (isAnswered: boolean) => void>();
  #lastPing = 0;

  constructor(input: ConversationInput) {
    const { link, held, logger } = input;
    this.#input = input;
    this.#messages = new NumberedMessages({
      ackedSeq: input.ackedSeq,
      held,
      onEnded: input.onEnded,
      onForeign: (key) =>
        logger.warn({ key }, 'a message about a command that this worker does not hold had no effect'),
    });
    this.#committer = new Committer({
      logger,
      limitBytes: 2 * input.window,
      commit: input.commit,
      acknowledge: (seq) => link.send({ type: 'ack', seq }),
      onPressure: (isHigh) => (isHigh ? link.pause() : link.resume()),
    });
    this.#blobs = new BlobServer({ link, held, logger });
    link.attach({
      onText: (text) => this.#onText(text),
      onBinary: (bytes) => this.#onBinary(bytes),
      onProbe: () => this.#sendPing(),
      onSilence: input.onSilence,
      onClose: input.onClose,
    });
  }

  /** `false` when no answer came within `timeoutMs`. */
  async ping(timeoutMs: number): Promise<boolean> {
    const id = this.#sendPing();
    return new Promise((resolve) => {
      const timer = startTimer(timeoutMs, () => this.#answered(id, false));
      this.#pings.set(id, (isAnswered) => {
        timer.cancel();
        resolve(isAnswered);
      });
    });
  }

  /** Take nothing more; resolves when nothing is being written any more. Nobody will answer a ping over it. */
  async close(): Promise<void> {
    for (const id of this.#pings.keys()) this.#answered(id, false);
    await this.#committer.close();
  }

  #sendPing(): number {
    const id = ++this.#lastPing;
    this.#input.link.send({ type: 'ping', id });
    return id;
  }

  #answered(id: number, isAnswered: boolean): void {
    this.#pings.get(id)?.(isAnswered);
    this.#pings.delete(id);
  }

  #onText(text: string): void {
    const parsed = parseMessage(workerMessageSchema, text);
    if (parsed.ok) this.#handle(parsed.value);
    else this.#input.onBreach(parsed.reason);
  }

  #handle(message: WorkerMessage): void {
    switch (message.type) {
      case 'hello':
        this.#input.onBreach('a second hello');
        break;
      case 'ping':
        this.#input.link.send({ type: 'pong', id: message.id });
        break;
      case 'pong':
        this.#answered(message.id, true);
        break;
      case 'fetch':
        if (!this.#blobs.serve(message)) this.#input.onBreach('it asks for too many pieces at once');
        break;
      case 'availability':
        this.#input.onAvailability(message);
        break;
      case 'started':
      case 'ended':
        this.#take(this.#messages.takeMessage(message));
        break;
      default:
        unreachable(message);
    }
  }

  #onBinary(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    const header = frame.ok ? check(logFrameSchema, frame.header) : frame;
    if (frame.ok && header.ok) this.#take(this.#messages.takeLog(header.value, frame.payload));
    else if (!header.ok) this.#input.onBreach(header.reason);
  }

  #take(taken: Taken): void {
    if (taken.kind === 'pending') this.#committer.add(taken.pending);
    else if (taken.kind === 'breach') this.#input.onBreach(taken.reason);
  }
}
