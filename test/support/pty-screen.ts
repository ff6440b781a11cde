/** A program under a pseudo-terminal, with a headless terminal that draws what it writes: judged by cells and bytes. */
import { type IPty, spawn } from '@lydell/node-pty';
import xterm from '@xterm/headless';
import { until } from './processes.ts';

export interface PtyScreenOptions {
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  columns: number;
  rows: number;
}

export interface PtyScreen {
  pid: number;
  /** Everything written so far. */
  bytes(): string;
  /** Rows of the window, without spaces at their ends. */
  rows(): Promise<string[]>;
  /** Scrollback and window as one text, in which rows that the terminal wrapped are one line. */
  text(): Promise<string>;
  /** Resolves when the window shows this; fails with what it shows. */
  shows(wanted: string | RegExp): Promise<void>;
  /** Most rows of the window from the last that matches `first` to the last with text, over all that was ever drawn. */
  tallest(first: RegExp): number;
  resize(columns: number, rows: number): void;
  type(keys: string): void;
  /** The exit code; resolves when all output is drawn. */
  exited: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

export function ptyScreen(argv: readonly string[], options: PtyScreenOptions): PtyScreen {
  const { columns: cols, rows, cwd } = options;
  const env = { TERM: 'xterm-256color', ...options.env } as Record<string, string>;
  const terminal = new xterm.Terminal({ cols, rows, allowProposedApi: true, scrollback: 5000 });
  const [file = '', ...args] = argv;
  const child: IPty = spawn(file, args, { cwd, env, cols, rows });
  let bytes = '';
  const frames: string[][] = [];
  const rowsFrom = (first: number): string[] => {
    const { active } = terminal.buffer;
    return Array.from(
      { length: active.length - first },
      (_, row) => active.getLine(first + row)?.translateToString(true) ?? '',
    );
  };
  child.onData((text) => {
    bytes += text;
    terminal.write(text, () => void frames.push(rowsFrom(terminal.buffer.active.baseY)));
  });
  const drawn = (): Promise<void> => new Promise((resolve) => terminal.write('', resolve));
  const window = async (): Promise<string[]> => {
    await drawn();
    return rowsFrom(terminal.buffer.active.baseY);
  };
  return {
    pid: child.pid,
    bytes: () => bytes,
    rows: window,
    text: async () => {
      await drawn();
      const { active } = terminal.buffer;
      const isWrapped = (row: number): boolean => active.getLine(row)?.isWrapped === true;
      const whole = (row: number): string =>
        active.getLine(row)?.translateToString(!isWrapped(row + 1)) ?? '';
      return Array.from(
        { length: active.length },
        (_, row) => `${isWrapped(row) ? '' : '\n'}${whole(row)}`,
      ).join('');
    },
    shows: async (wanted) => {
      const matches = (text: string): boolean =>
        typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text);
      try {
        await until(`the screen to show ${wanted}`, async () => matches((await window()).join('\n')));
      } catch (error) {
        throw new Error(`never shown: ${wanted}\n${(await window()).join('\n')}`, { cause: error });
      }
    },
    tallest: (first) =>
      Math.max(
        0,
        ...frames.map((frame) => {
          const from = frame.findLastIndex((row) => first.test(row));
          return from < 0 ? 0 : frame.findLastIndex((row) => row !== '') - from + 1;
        }),
      ),
    resize: (newColumns, newRows) => {
      terminal.resize(newColumns, newRows);
      child.resize(newColumns, newRows);
    },
    type: (keys) => child.write(keys),
    exited: new Promise((resolve) => {
      child.onExit(({ exitCode }) => void drawn().then(() => resolve(exitCode)));
    }),
    kill: (signal) => child.kill(signal),
  };
}
