/** A headless terminal to draw on: screens are judged by their cells and by the bytes that made them. */
import { PassThrough } from 'node:stream';
import xterm from '@xterm/headless';

export interface TestTerminal {
  stdout: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  allowsColour: boolean;
  /** Everything written so far. */
  bytes(): string;
  /** The rows in the window, without spaces at their ends. Waits until all bytes are drawn. */
  screen(): Promise<string[]>;
  /** Scrollback and window together. */
  everything(): Promise<string[]>;
  resize(columns: number, rows: number): void;
  type(keys: string): void;
}

export function testTerminal(columns: number, rows: number): TestTerminal {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    allowProposedApi: true,
    convertEol: true,
    scrollback: 1000,
  });
  let bytes = '';
  const out = new PassThrough();
  const stdout = Object.assign(out, { isTTY: true, columns, rows }) as unknown as NodeJS.WriteStream;
  out.write = ((chunk: string | Uint8Array, ...rest: unknown[]) => {
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    bytes += text;
    terminal.write(text);
    const done = rest.findLast((value) => typeof value === 'function');
    if (typeof done === 'function') done();
    return true;
  }) as typeof out.write;
  const input = new PassThrough();
  const keys = { isTTY: true, isRaw: false, setRawMode: () => input, ref: () => input, unref: () => input };
  const stdin = Object.assign(input, keys) as unknown as NodeJS.ReadStream;
  const drawn = () => new Promise<void>((resolve) => terminal.write('', resolve));
  const rowsFrom = (first: number) => {
    const buffer = terminal.buffer.active;
    return Array.from(
      { length: buffer.length - first },
      (_, row) => buffer.getLine(first + row)?.translateToString(true) ?? '',
    );
  };
  return {
    stdout,
    stdin,
    allowsColour: true,
    bytes: () => bytes,
    screen: async () => {
      await drawn();
      return rowsFrom(terminal.buffer.active.baseY);
    },
    everything: async () => {
      await drawn();
      return rowsFrom(0);
    },
    resize: (newColumns, newRows) => {
      terminal.resize(newColumns, newRows);
      Object.assign(stdout, { columns: newColumns, rows: newRows });
      stdout.emit('resize');
    },
    type: (text) => void input.write(text),
  };
}

/** Resolves when `holds` does; fails after five seconds with what `describe` says. */
export async function until(holds: () => Promise<boolean> | boolean, describe: () => string): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`it never came to be: ${describe()}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
