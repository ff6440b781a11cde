/**
 * Marks by which a command's processes are known for as long as they live, wherever they hide. Every command gets two:
 * a token in its environment, and a soft limit on file size so large (over two exbibytes) that it limits nothing, with a
 * number in its low bits. Both are inherited through fork and exec. A process that clears its environment, leaves
 * its session and forks twice still carries the limit; one that resets its limits still carries the token.
 */
import { createHash, randomBytes } from 'node:crypto';

/** Name of the variable that holds the tokens, outermost first, separated by colons: a worker may run in a build. */
export const MARK_VARIABLE = 'BUILDBOT_COMMAND_MARK';

/** `ulimit -f` counts blocks of 512 bytes in every POSIX shell. */
export const FILE_SIZE_BLOCK = 512;
const FIRST_BLOCK = 2 ** 51;
const COMMANDS_PER_WORKER = 2 ** 20;
const WORKERS = 2 ** 30;

export interface Mark {
  token: string;
  /** Soft limit on file size, in blocks. */
  fileSizeBlocks: number;
}

/** Tells processes of one worker, of whatever process generation, from all others. */
export interface WorkerMark {
  tokenPrefix: string;
  fromBlocks: number;
  toBlocks: number;
}

/** Makes the marks of one worker, which is known by the real path of its BASEDIR. */
export class Marks {
  readonly worker: WorkerMark;
  #next = randomBytes(3).readUIntBE(0, 3) % COMMANDS_PER_WORKER;

  constructor(basedir: string) {
    const hash = createHash('sha256').update(basedir).digest();
    const fromBlocks = FIRST_BLOCK + (hash.readUInt32BE(0) % WORKERS) * COMMANDS_PER_WORKER;
    this.worker = {
      tokenPrefix: `${hash.toString('hex', 0, 8)}-`,
      fromBlocks,
      toBlocks: fromBlocks + COMMANDS_PER_WORKER,
    };
  }

  next(): Mark {
    this.#next = (this.#next + 1) % COMMANDS_PER_WORKER;
    return {
      token: `${this.worker.tokenPrefix}${randomBytes(12).toString('hex')}`,
      fileSizeBlocks: this.worker.fromBlocks + this.#next,
    };
  }
}
