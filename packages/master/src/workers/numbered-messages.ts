/**
 * The numbered messages of one connection, checked one by one. Nothing a worker says is taken on trust: a message is
 * about a command that this worker holds, or it has no effect; a log is one that the step declared; its bytes follow the
 * ones before. What cannot come from a sound worker is a breach of the protocol and ends the session.
 */
import { type CommandKey, type CommandOutcome, type LogFrame, zstdFrameProblem } from '@buildbot/shared';
import type { WorkerEffect } from '../ports/records.ts';
import type { HeldCommand } from './held-command.ts';
import type { Numbered } from './link.ts';

/** What is to be stored, and what is to be done once it is. */
export interface Pending {
  effect: WorkerEffect;
  whenDurable: () => void;
}

export type Taken =
  | { kind: 'pending'; pending: Pending }
  /** It was there before: a repeat after a reconnect. */
  | { kind: 'repeat' }
  | { kind: 'breach'; reason: string };

export interface NumberedMessagesInput {
  /** Number of the newest durable message. */
  ackedSeq: number;
  /** The commands of this worker, looked into at every message. */
  held: ReadonlyMap<CommandKey, HeldCommand>;
  /** A command's end is durable. */
  onEnded: (held: HeldCommand, outcome: CommandOutcome) => void;
  /** A message was about a command that is not this worker's. */
  onForeign: (key: CommandKey) => void;
}

function breach(reason: string): Taken {
  return { kind: 'breach', reason };
}

export class NumberedMessages {
  readonly #input: NumberedMessagesInput;
  #lastSeq: number;
  /** Ended over this connection, perhaps not durable yet: nothing more may come for them. */
  readonly #ended = new Set<CommandKey>();
  /** Commands of others that this connection spoke of: each is told of once. */
  readonly #foreign = new Set<CommandKey>();
  /** Bytes of each log over this connection, counting those that are not durable yet. */
  readonly #logBytes = new Map<string, number>();

  constructor(input: NumberedMessagesInput) {
    this.#input = input;
    this.#lastSeq = input.ackedSeq;
  }

  takeMessage(message: Numbered): Taken {
    const order = this.#inOrder(message.seq);
    if (order !== null) return order;
    const held = this.#find(message.key);
    if (held === null) return this.#refuse(message);
    const { seq, key } = message;
    if (message.type === 'started') {
      return {
        kind: 'pending',
        pending: { effect: { kind: 'started', seq, key }, whenDurable: () => undefined },
      };
    }
    this.#ended.add(key);
    const { outcome } = message;
    const whenDurable = () => this.#input.onEnded(held, outcome);
    return { kind: 'pending', pending: { effect: { kind: 'ended', seq, key, outcome }, whenDurable } };
  }

  takeLog(header: LogFrame, payload: Uint8Array): Taken {
    const order = this.#inOrder(header.seq);
    if (order !== null) return order;
    const held = this.#find(header.key);
    if (held === null) return this.#refuse(header);
    const problem = this.#logProblem(held, header, payload);
    if (problem !== null) return breach(`log '${header.log}' of command ${header.key}: ${problem}`);
    return { kind: 'pending', pending: this.#logEffect(held, header, payload) };
  }

  #logEffect(held: HeldCommand, header: LogFrame, payload: Uint8Array): Pending {
    const { seq, key, log, offset, length, newlines, runs } = header;
    const { buildId, logs } = held.wanted;
    const frame = { length, newlines, runs };
    return {
      effect: { kind: 'log', seq, key, log, buildId, logId: logs[log] as number, frame, payload },
      whenDurable: () => held.logBytes.set(log, offset + length),
    };
  }

  #inOrder(seq: number): Taken | null {
    if (seq <= this.#lastSeq) return { kind: 'repeat' };
    if (seq !== this.#lastSeq + 1) return breach(`message ${seq} came after ${this.#lastSeq}`);
    this.#lastSeq = seq;
    return null;
  }

  #find(key: CommandKey): HeldCommand | null {
    return this.#ended.has(key) ? null : (this.#input.held.get(key) ?? null);
  }

  /** The fence: what a worker says of an attempt that is not its own has no effect but to be told of. */
  #refuse({ seq, key, type: what }: Numbered | LogFrame): Taken {
    const isNews = !this.#ended.has(key) && !this.#foreign.has(key);
    this.#foreign.add(key);
    if (isNews) this.#input.onForeign(key);
    const effect: WorkerEffect = isNews ? { kind: 'stale', seq, key, what } : { kind: 'skipped', seq };
    return { kind: 'pending', pending: { effect, whenDurable: () => undefined } };
  }

  #logProblem(held: HeldCommand, header: LogFrame, payload: Uint8Array): string | null {
    const { key, log, offset, length, newlines, runs } = header;
    if (!Object.hasOwn(held.wanted.logs, log)) return 'it was not declared';
    const id = `${key} ${log}`;
    const expected = this.#logBytes.get(id) ?? held.logBytes.get(log) ?? 0;
    if (offset !== expected) return `bytes at ${offset} came after ${expected}`;
    if (runs.reduce((sum, [, bytes]) => sum + bytes, 0) !== length) return 'its runs do not add up';
    if (newlines > length) return 'it has more line breaks than bytes';
    const problem = zstdFrameProblem(payload, length);
    if (problem === null) this.#logBytes.set(id, offset + length);
    return problem;
  }
}
