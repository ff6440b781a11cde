/**
 * Sends what is in the spool, in order, with no more unacknowledged bytes under way than the master allows. One sender
 * lives as long as one connection; the next begins where the master says.
 */
import type { Spool } from '../spool/spool.ts';

export interface SenderInput {
  spool: Spool;
  /** Bytes that may be under way. */
  window: number;
  send: (bytes: Uint8Array, binary: boolean) => void;
}

export class Sender {
  readonly #input: SenderInput;
  #sentSeq: number;
  /** Numbers and sizes of what is under way, oldest first. */
  #underWay: { seq: number; bytes: number }[] = [];
  #bytesUnderWay = 0;

  /** Begins after the spool's acknowledged messages. */
  constructor(input: SenderInput) {
    this.#input = input;
    this.#sentSeq = input.spool.ackedSeq;
  }

  /** Send as much as the window allows. A message larger than the window goes alone. */
  pump(): void {
    for (;;) {
      const message = this.#input.spool.after(this.#sentSeq);
      if (message === null) return;
      const bytes = message.bytes.length;
      if (this.#bytesUnderWay > 0 && this.#bytesUnderWay + bytes > this.#input.window) return;
      this.#sentSeq = message.seq;
      this.#underWay.push({ seq: message.seq, bytes });
      this.#bytesUnderWay += bytes;
      this.#input.send(message.bytes, message.binary);
    }
  }

  /** The newest number that was sent over this connection or acknowledged before it. */
  get sentSeq(): number {
    return this.#sentSeq;
  }

  /** Everything up to `seq` has arrived for good. */
  acked(seq: number): void {
    const arrived = this.#underWay.findIndex((message) => message.seq > seq);
    const removed = this.#underWay.splice(0, arrived === -1 ? this.#underWay.length : arrived);
    for (const { bytes } of removed) this.#bytesUnderWay -= bytes;
    this.pump();
  }
}
