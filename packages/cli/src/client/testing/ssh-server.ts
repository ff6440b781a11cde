/** An `SshConnection` whose programs are functions of the test; the streams between are real. */
import { Duplex, PassThrough, type Readable } from 'node:stream';
import type { RemoteProcess, SshConnection } from '../../ssh/port.ts';

/** The far side of one program. */
export interface FarSide {
  argv: readonly string[];
  /** The next line, or the next `bytes` bytes, of what the client writes. */
  line(): Promise<string>;
  bytes(count: number): Promise<Buffer>;
  /** All that comes until the client's end of file. */
  all(): Promise<Buffer>;
  write(text: string | Uint8Array): void;
  writeError(text: string): void;
}

/** Gives the exit code, or null for a connection that breaks. */
export type Program = (far: FarSide) => Promise<number | null>;

export function sshConnection(program: Program): SshConnection & { started: (readonly string[])[] } {
  const started: (readonly string[])[] = [];
  return {
    started,
    exec: async (argv) => {
      started.push(argv);
      return startProgram(program, argv);
    },
    close: () => {},
    onClose: () => {},
  };
}

function startProgram(program: Program, argv: readonly string[]): RemoteProcess {
  const toFar = new PassThrough();
  const fromFar = new PassThrough();
  const stderr = new PassThrough();
  // Destroyed with an error when whoever has the stream between lets go of it.
  for (const side of [toFar, fromFar]) side.on('error', () => {});
  const far: FarSide = {
    argv,
    ...readerOf(toFar),
    write: (text) => void fromFar.write(text),
    writeError: (text) => void stderr.write(text),
  };
  const exit = program(far)
    .catch((error: Error) => {
      // What it was reading from is gone, because the client let go of it.
      if (error.name !== 'AbortError') throw error;
      return null;
    })
    .then((code) => {
      fromFar.end();
      stderr.end();
      return { code };
    });
  return { duplex: Duplex.from({ readable: fromFar, writable: toFar }), stderr, exit };
}

function readerOf(stream: Readable): Pick<FarSide, 'line' | 'bytes' | 'all'> {
  let held = Buffer.alloc(0);
  const chunks = stream[Symbol.asyncIterator]();
  const more = async () => {
    const { value, done } = await chunks.next();
    if (!done) held = Buffer.concat([held, value as Buffer]);
    return !done;
  };
  const take = (count: number) => {
    const taken = held.subarray(0, count);
    held = held.subarray(count);
    return taken;
  };
  return {
    line: async () => {
      while (!held.includes(0x0a) && (await more()));
      const line = take(held.indexOf(0x0a) + 1).toString('utf8');
      return line.trimEnd();
    },
    bytes: async (count) => {
      while (held.length < count && (await more()));
      return take(count);
    },
    all: async () => {
      while (await more());
      return take(held.length);
    },
  };
}
