/**
 * Pipes for the output of commands. Node's own are socket pairs, on which a script's `> /dev/stderr` fails with "No such
 * device or address"; these are real pipes. Node cannot make one, so they are named pipes in a folder of the worker's
 * own, made by mkfifo(1) once and used again by one command after the other.
 */
import { execFile } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, readSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Bytes taken from a pipe at once: what a pipe of Linux holds. */
const READ_BYTES = 65_536;
/** Reads of the rest of a pipe that is given up: somebody may still be writing. */
const REST_READS = 16;

/** A pipe that is being read. */
export interface FlowingPipe {
  pause(): void;
  resume(): void;
  /** Take what the pipe holds at this moment, without waiting for more. */
  takeRest(): void;
  /** Resolves when no process holds the other end any more and all was read, or after `done`. */
  end: Promise<void>;
}

/** One pipe: the child writes to `writeEnd`, which is closed here as soon as the child has it. */
export interface OutputPipe {
  writeEnd: number;
  /** The child has its copy: from now on the pipe ends when the last process lets go. */
  handedOver(): void;
  /** Begin to read. The bytes are only valid during the call: they all come in one buffer, used again and again. */
  read(onData: (bytes: Uint8Array) => void): FlowingPipe;
  /** It was read to its end (`clean`), or is given up while some process may still hold the other end. */
  done(clean: boolean): void;
}

/** The pipe does not block: once it is empty, a read fails with EAGAIN. */
function readAtOnce(fd: number, buffer: Uint8Array): number {
  try {
    return readSync(fd, buffer);
  } catch {
    return 0;
  }
}

function flow(fd: number, onData: (bytes: Uint8Array) => void): { socket: Socket; flowing: FlowingPipe } {
  const buffer = new Uint8Array(READ_BYTES);
  const callback = (length: number): boolean => {
    onData(buffer.subarray(0, length));
    return true;
  };
  const socket = new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } });
  // Reading a pipe fails only when the machine is in trouble; the process's exit tells the rest.
  socket.on('error', () => socket.destroy());
  const end = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const takeRest = (): void => {
    for (let reads = 0; reads < REST_READS && !socket.destroyed; reads++) {
      const length = readAtOnce(fd, buffer);
      if (length === 0) return;
      callback(length);
    }
  };
  socket.resume();
  return { socket, flowing: { pause: () => socket.pause(), resume: () => socket.resume(), takeRest, end } };
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
    let socket: Socket | null = null;
    return {
      writeEnd,
      handedOver: () => closeSync(writeEnd),
      read: (onData) => {
        const begun = flow(readEnd, onData);
        socket = begun.socket;
        return begun.flowing;
      },
      done: (clean) => {
        if (socket === null) closeSync(readEnd);
        else socket.destroy();
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
