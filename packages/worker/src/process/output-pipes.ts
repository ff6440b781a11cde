/**
 * Pipes for the output of commands. Node's own are socket pairs, on which a script's `> /dev/stderr` fails with "No such
 * device or address"; these are real pipes. Node cannot make one, so they are named pipes in a folder of the worker's
 * own, made by mkfifo(1) once and used again by one command after the other.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** One pipe: the child writes to `writeEnd`, which is closed here as soon as the child has it. */
export interface OutputPipe {
  reader: Readable;
  writeEnd: number;
  /** The child has its copy: from now on the reader ends when the last process lets go. */
  handedOver(): void;
  /** The reader ended (`clean`), or was given up while some process may still hold the other end. */
  done(clean: boolean): void;
}

export class OutputPipes {
  readonly #folder: string;
  #made = 0;
  #free: string[] = [];

  /** `folder` is emptied. */
  constructor(folder: string) {
    this.#folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async open(): Promise<OutputPipe> {
    const path = this.#free.pop() ?? (await this.#make());
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeEnd = openSync(path, constants.O_WRONLY);
    const reader = new Socket({ fd: readEnd, readable: true, writable: false });
    return {
      reader,
      writeEnd,
      handedOver: () => closeSync(writeEnd),
      done: (clean) => {
        // Whoever still holds the other end of a pipe that was given up must not write into the next command's log.
        if (clean) this.#free.push(path);
        else rmSync(path, { force: true });
      },
    };
  }

  async #make(): Promise<string> {
    const path = join(this.#folder, String(++this.#made));
    await run('mkfifo', ['-m', '600', path]);
    return path;
  }
}
