/** What the worker needs of an operating system to run a command and to end every process of it. */
import type { Mark, WorkerMark } from './mark.ts';

/** Processes that belong together. Everything here answers at once. */
export interface ProcessSet {
  /** Every live one, wherever it hides; never this process. */
  members(): number[];
  /** Make all of them end now. */
  kill(): void;
  /** They have ended: take away what was made to hold them. Twice is harmless. */
  forget(): void;
}

/** The processes of one command. */
export interface CommandProcesses extends ProcessSet {
  /** The argument vector that runs `argv` as one of them. */
  marked(argv: readonly string[]): string[];
  /** The first of them runs: leader of its own group and session. To be called in the turn in which it was started. */
  begun(rootPid: number): void;
}

/** One small interface per platform. */
export interface Platform {
  /** What holds the processes of a command together, for people. */
  hold: string;
  /** Folder that holds the processes of all commands of this worker process; `null` where there is no such thing. */
  groupFolder: string | null;
  /** Make ready for the processes of one command. */
  prepare(mark: Mark): CommandProcesses;
  /** When a process started, in units of the platform; `null` when there is none that lives. */
  startOf(pid: number): number | null;
  /** Whether `leftovers` can be told here at all. */
  seesLeftovers: boolean;
  /** Everything that earlier processes of this worker left behind. */
  leftovers(worker: WorkerMark): ProcessSet;
  /** Ask (`TERM`) or make (`KILL`) processes to end. Those that are gone already are fine. */
  signal(pids: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): void;
  /** The worker begins no more commands, and none runs. */
  close(): void;
}
