/**
 * When the write-ahead log is copied into the database. SQLite would do it by itself after a commit and pass over a sync
 * that failed. But a kernel that could not write pages takes them for clean: the next attempt would find nothing to sync,
 * and begin the log anew that still had them. So it is done here, and a disk that fails then has failed for good.
 */
import type { FailureKind } from '../engine.ts';

/** Frames (pages with a head) that the write-ahead log has, and how many of them are in the database by now. */
export interface Checkpoint {
  log: number;
  checkpointed: number;
}

export interface CheckpointsInput {
  /** How things stand. */
  look: () => Checkpoint;
  /** Copy what can be copied without waiting for anybody. */
  run: () => Checkpoint;
  failureKind: (error: unknown) => FailureKind;
  /** Told once when a program that reads has held so many frames back, and again after it let go of them. */
  onHeldBack: (frames: number) => void;
  /** So many are worth a copy. */
  worthFrames?: number;
  heldBackFrames?: number;
}

/** As SQLite has it: 4 MiB. */
const WORTH_FRAMES = 1000;
/** 64 MiB. */
const HELD_BACK_FRAMES = 16_384;

export class Checkpoints {
  readonly #input: CheckpointsInput;
  #isHeldBack = false;

  constructor(input: CheckpointsInput) {
    this.#input = input;
  }

  /** To be called after each commit. Throws when the disk cannot be trusted; what was committed is in the log all the same. */
  committed(): void {
    const { look, run, worthFrames = WORTH_FRAMES } = this.#input;
    try {
      const waiting = left(look());
      this.#watch(waiting < worthFrames ? waiting : left(run()));
    } catch (error) {
      // A full disk, or another program that does the same at the moment: the next one will do.
      if (this.#input.failureKind(error) === 'fatal') throw error;
    }
  }

  #watch(heldBack: number): void {
    const { heldBackFrames = HELD_BACK_FRAMES, onHeldBack } = this.#input;
    const isHeldBack = heldBack >= heldBackFrames;
    if (isHeldBack && !this.#isHeldBack) onHeldBack(heldBack);
    this.#isHeldBack = isHeldBack;
  }
}

function left({ log, checkpointed }: Checkpoint): number {
  return log - checkpointed;
}
