/** What a command gets from the process it runs in; tests give their own. */
import type { Clock } from '../clock.ts';
import type { Environment } from '../config/environment.ts';
import type { TerminalTurn } from './terminal-turn.ts';

/** A person's Ctrl-C may be the first of two; SIGTERM and SIGHUP leave no time for a second. */
export type Interruption = 'ctrl-c' | 'termination';

export interface Runtime {
  environment: Environment;
  cwd: string;
  clock: Clock;
  /** 0 (inclusive) to 1. */
  random: () => number;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  stdin: NodeJS.ReadStream;
  /** Whose turn it is there. */
  terminal: TerminalTurn;
  /** Somebody is there who can be asked. */
  isInteractive: boolean;
  /** Somebody wants it to end, each time. Gives the function that stops listening. */
  onInterrupt: (listener: (interruption: Interruption) => void) => () => void;
  /** Somebody wants it to stand still and give the terminal back. Gives the function that stops listening. */
  onSuspend: (listener: () => void) => () => void;
  /** Stands still. Resolves when it goes on. */
  suspend: () => Promise<void>;
}
