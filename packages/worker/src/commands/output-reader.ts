/**
 * Reads the pipes of a process as fast as the spool has room, in order of arrival. Without room it reads nothing: the
 * pipe fills, the process waits, and nothing is dropped.
 */
import type { Stream } from '@buildbot/shared';
import type { WorkerClock } from '../clock.ts';
import type { FlowingPipe, OutputPipe } from '../process/output-pipes.ts';
import type { Spool } from '../spool/spool.ts';

export interface OutputReaderInput {
  pipes: readonly (readonly [Stream, Pick<OutputPipe, 'read'>])[];
  /** The bytes are only valid during the call. */
  write: (stream: Stream, bytes: Uint8Array) => void;
  spool: Pick<Spool, 'hasRoom' | 'whenRoom'>;
  clock: WorkerClock;
}

export class OutputReader {
  readonly #input: OutputReaderInput;
  #activeAt: number;
  readonly #pipes: FlowingPipe[];
  #isPaused = false;
  #isAtEnd = false;
  /** Resolves when no process holds a pipe any more and all was read. */
  readonly end: Promise<void>;

  constructor(input: OutputReaderInput) {
    this.#input = input;
    this.#activeAt = input.clock.monotonic();
    this.#pipes = input.pipes.map(([name, pipe]) => pipe.read((bytes) => this.#take(name, bytes)));
    this.end = Promise.all(this.#pipes.map((pipe) => pipe.end)).then(() => {
      this.#isAtEnd = true;
    });
  }

  get isAtEnd(): boolean {
    return this.#isAtEnd;
  }

  /** Whether reading waits for room. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Milliseconds since the last output; 0 while reading waits for room, because then silence is our doing. */
  get quietMs(): number {
    return this.#isPaused ? 0 : this.#input.clock.monotonic() - this.#activeAt;
  }

  /** Other signs of life than output on the pipes: a followed file grew. */
  touch(): void {
    this.#activeAt = this.#input.clock.monotonic();
  }

  /** What was written until now is read at once, unless reading waits for room: before silence has consequences. */
  catchUp(): void {
    if (!this.#isPaused) this.takeRest();
  }

  /** Before the output is given up: what was written until now is still read. */
  takeRest(): void {
    for (const pipe of this.#pipes) pipe.takeRest();
  }

  #take(name: Stream, bytes: Uint8Array): void {
    this.touch();
    this.#input.write(name, bytes);
    if (!this.#input.spool.hasRoom && !this.#isPaused) void this.#pause();
  }

  async #pause(): Promise<void> {
    this.#isPaused = true;
    for (const pipe of this.#pipes) pipe.pause();
    await this.#input.spool.whenRoom();
    this.#isPaused = false;
    this.touch();
    for (const pipe of this.#pipes) pipe.resume();
  }
}
