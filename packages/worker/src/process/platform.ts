/** What the worker needs of an operating system to run a command and to end every process of it. */
import type { Mark, WorkerMark } from './mark.ts';

/** The processes of one command. */
export interface ProcessTree {
  /** The process that was started: leader of its own group and session. */
  rootPid: number;
  /** When the root started, in the units of `startOf`; tells it from a later process with the same number. */
  rootStart: number | null;
  mark: Mark;
}

/** One small interface per platform. Everything here answers at once. */
export interface Platform {
  /** The argument vector that runs `argv` with the mark on it. */
  marked(argv: readonly string[], mark: Mark): string[];
  /** When a process started, in units of the platform; `null` when there is none that lives. */
  startOf(pid: number): number | null;
  /** Every live process of the tree, wherever it hides; never this process. */
  members(tree: ProcessTree): number[];
  /** Whether `leftovers` can be told here at all. */
  seesLeftovers: boolean;
  /** Every live process that carries a mark of this worker: what an earlier worker process left behind. */
  leftovers(worker: WorkerMark): number[];
  /** Ask (`TERM`) or make (`KILL`) processes to end. Those that are gone already are fine. */
  signal(pids: readonly number[], signal: 'SIGTERM' | 'SIGKILL'): void;
}
