/**
 * Everything this worker process has said and the master has not acknowledged yet, in order, on disk. A small window of
 * the newest messages stays in memory as well, so that a worker with a quick master hardly reads its disk.
 *
 * The spool never refuses a message. It says when it has no room, and whoever produces output then stops reading the
 * command's pipe, so that the command waits and nothing is dropped. A disk that takes no more is handled in the same
 * way: messages stay in memory, up to the size of the window, until they are acknowledged or the disk takes them again.
 * When it is full, a reserve is given up: what has been read by then and how commands end still go to disk, and no more
 * output is read than the master acknowledges, until there is space to take the reserve again.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BugError, messageOf } from '@buildbot/shared';
import { type FailPoint, noFailPoint } from '../fail-point.ts';
import { Reserve } from './reserve.ts';
import { Segment, type SpoolMessage } from './segment.ts';

export type { SpoolMessage } from './segment.ts';

const SUFFIX = '.spool';
const MAX_SEGMENT_BYTES = 8 * 1024 * 1024;
const MAX_RESERVE_BYTES = 4 * 1024 * 1024;

export interface SpoolOptions {
  /** Folder of its own; what an earlier process left there is removed. */
  folder: string;
  /** Bytes on disk from which on there is no room. */
  limitBytes: number;
  /** Bytes of the newest messages that stay in memory as well. */
  memoryBytes?: number;
  /** Told when the disk begins (`reason`) or stops (`null`) to refuse. */
  onDiskTrouble?: (reason: string | null) => void;
  failPoint?: FailPoint;
}

export class Spool {
  readonly #folder: string;
  readonly #limitBytes: number;
  readonly #memoryLimit: number;
  readonly #segmentBytes: number;
  readonly #onDiskTrouble: (reason: string | null) => void;
  readonly #failPoint: FailPoint;
  readonly #reserve: Reserve;
  /** The disk was full, and the reserve has not been taken again. */
  #isTight = false;
  #segments: Segment[] = [];
  /** The newest messages with consecutive numbers, those that are not on disk among them. */
  #memory: SpoolMessage[] = [];
  #memoryBytes = 0;
  /** Messages from this number on are only in memory. */
  #unsavedSeq = 1;
  #unsavedBytes = 0;
  #lastSeq = 0;
  #ackedSeq = 0;
  #trouble: string | null = null;
  #waiting: (() => void)[] = [];
  #isDiscarding = false;
  #onAppend: () => void = () => undefined;

  constructor({
    folder,
    limitBytes,
    memoryBytes = 1024 * 1024,
    onDiskTrouble = () => undefined,
    failPoint = noFailPoint,
  }: SpoolOptions) {
    this.#folder = folder;
    this.#limitBytes = limitBytes;
    this.#memoryLimit = memoryBytes;
    this.#segmentBytes = Math.min(MAX_SEGMENT_BYTES, Math.ceil(limitBytes / 8));
    this.#onDiskTrouble = onDiskTrouble;
    this.#failPoint = failPoint;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(folder)) if (name.endsWith(SUFFIX)) rmSync(join(folder, name));
    const reserveBytes = Math.min(MAX_RESERVE_BYTES, Math.ceil(limitBytes / 8));
    this.#reserve = new Reserve(join(folder, 'reserve'), reserveBytes);
    this.#reserve.take();
  }

  /** Number of the newest message, 0 for none. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  get ackedSeq(): number {
    return this.#ackedSeq;
  }

  /** Bytes on disk. */
  get diskBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
  }

  get hasRoom(): boolean {
    if (this.#isDiscarding) return true;
    if (this.#isTight) return this.#ackedSeq === this.#lastSeq;
    return this.diskBytes < this.#limitBytes && this.#unsavedBytes < this.#memoryLimit;
  }

  /** Resolves when there is room; at once when there is now. */
  whenRoom(): Promise<void> {
    return this.hasRoom ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Tell `listener`, and nobody else any more, of every message that is added. */
  set onAppend(listener: () => void) {
    this.#onAppend = listener;
  }

  /** Add the message that `encode` makes for its number; answers the number. */
  append(binary: boolean, encode: (seq: number) => Uint8Array): number {
    const seq = ++this.#lastSeq;
    if (this.#isDiscarding) return seq;
    const message = { seq, binary, bytes: encode(seq) };
    this.#memory.push(message);
    this.#memoryBytes += message.bytes.length;
    this.#unsavedBytes += message.bytes.length;
    this.save();
    this.#failPoint(binary ? 'output-spooled' : 'report-spooled');
    this.#shrinkMemory();
    this.#onAppend();
    return seq;
  }

  /** The message after `seq`, or `null` when that was the newest. `seq` must not be below what was acknowledged. */
  after(seq: number): SpoolMessage | null {
    if (seq < this.#ackedSeq) throw new BugError(`spool message ${seq + 1} was acknowledged and is gone`);
    const wanted = seq + 1;
    if (wanted > this.#lastSeq || this.#isDiscarding) return null;
    const first = this.#memory[0];
    if (first !== undefined && first.seq <= wanted) return this.#memory[wanted - first.seq] ?? null;
    const segment = this.#segments.findLast((candidate) => candidate.firstSeq <= wanted);
    if (segment === undefined) throw new BugError(`spool message ${wanted} is nowhere`);
    return segment.read(wanted);
  }

  /** Everything up to and including `seq` is durable at the master and leaves the spool. */
  ack(seq: number): void {
    if (seq > this.#lastSeq)
      throw new BugError(`message ${seq} was acknowledged, the newest is ${this.#lastSeq}`);
    if (seq <= this.#ackedSeq) return;
    this.#ackedSeq = seq;
    while (this.#memory[0] !== undefined && this.#memory[0].seq <= seq) this.#dropOldest();
    this.#unsavedSeq = Math.max(this.#unsavedSeq, seq + 1);
    const acked = this.#segments.filter((segment) => segment.nextSeq <= seq + 1 && this.#isComplete(segment));
    for (const segment of acked) {
      segment.remove();
      this.#failPoint('segment-removed');
    }
    this.#segments = this.#segments.filter((segment) => !acked.includes(segment));
    if (this.hasRoom) this.#tellRoom();
  }

  /** Write what is only in memory to disk, as far as the disk takes it. Called again after trouble, it tries again. */
  save(): void {
    let trouble = this.#trySave();
    if (trouble !== null && isFull(trouble) && this.#reserve.isHeld) {
      this.#reserve.giveBack();
      this.#isTight = true;
      this.#setTrouble(trouble.message);
      trouble = this.#trySave();
    }
    if (trouble !== null) this.#setTrouble(messageOf(trouble));
    else if (!this.#isTight) this.#setTrouble(null);
    if (this.hasRoom) this.#tellRoom();
  }

  /** See whether there is space again after the disk was full. To be called now and then. */
  recover(): void {
    if (this.#isTight && !this.#isDiscarding && this.#reserve.take()) this.#isTight = false;
    this.save();
  }

  /** Remove every file and take nothing more: what is added from now on is dropped, so that nobody waits for room. */
  discard(): void {
    this.#isDiscarding = true;
    for (const segment of this.#segments) segment.remove();
    this.#segments = [];
    this.#memory = [];
    this.#memoryBytes = 0;
    this.#unsavedBytes = 0;
    this.#reserve.giveBack();
    this.#isTight = false;
    this.#tellRoom();
  }

  /** After `discard`, and when nobody adds to the old session any more: take messages again, numbered from 1. */
  beginAnew(): void {
    this.#lastSeq = 0;
    this.#ackedSeq = 0;
    this.#unsavedSeq = 1;
    this.#isDiscarding = false;
    this.#reserve.take();
  }

  #trySave(): Error | null {
    try {
      for (const message of this.#unsaved()) {
        this.#segmentFor(message.seq).append(message);
        this.#unsavedSeq = message.seq + 1;
        this.#unsavedBytes -= message.bytes.length;
      }
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(messageOf(error));
    }
  }

  #tellRoom(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  #unsaved(): SpoolMessage[] {
    const first = this.#memory[0]?.seq ?? 0;
    return this.#memory.slice(Math.max(0, this.#unsavedSeq - first));
  }

  /** The segment whose next record is `seq`. Messages that were acknowledged unsaved leave a gap: a new one begins. */
  #segmentFor(seq: number): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.nextSeq === seq && last.bytes < this.#segmentBytes) return last;
    const segment = new Segment(join(this.#folder, `${seq}${SUFFIX}`), seq);
    this.#segments.push(segment);
    this.#failPoint('segment-made');
    return segment;
  }

  /** The newest segment stays while it may take more, also when all of it is acknowledged. */
  #isComplete(segment: Segment): boolean {
    return segment !== this.#segments.at(-1) || segment.bytes >= this.#segmentBytes;
  }

  #shrinkMemory(): void {
    while (
      this.#memoryBytes > this.#memoryLimit &&
      (this.#memory[0]?.seq ?? this.#unsavedSeq) < this.#unsavedSeq
    ) {
      this.#dropOldest();
    }
  }

  #dropOldest(): void {
    const message = this.#memory.shift();
    if (message === undefined) return;
    this.#memoryBytes -= message.bytes.length;
    if (message.seq >= this.#unsavedSeq) this.#unsavedBytes -= message.bytes.length;
  }

  #setTrouble(reason: string | null): void {
    if (reason === this.#trouble) return;
    this.#trouble = reason;
    this.#onDiskTrouble(reason);
  }
}

function isFull(error: NodeJS.ErrnoException): boolean {
  return error.code === 'ENOSPC' || error.code === 'EDQUOT';
}
