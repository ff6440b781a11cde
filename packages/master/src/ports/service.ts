/** The one life cycle of everything that lives long in the master. */

export interface Service {
  /** For logs and errors. */
  readonly name: string;
  /** Resolves when it runs; calling it again while it runs is harmless. */
  start(): Promise<void>;
  /** Resolves when it has really stopped and awaited all its background work; legal before start and twice. */
  stop(): Promise<void>;
}

/** Time comes in through this; only `clock.ts` asks the system. */
export interface Clock {
  /** Epoch milliseconds. May jump: for records and display only. */
  now(): number;
  /** Milliseconds on a clock that never jumps: for every wait and every duration. */
  monotonic(): number;
}

/** Structured log lines (pino's shape). Secrets never go in. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): Logger;
}

/** Told the name of each moment at which a test may want the process to end. Does nothing otherwise. */
export type FailPoint = (name: string) => void;

export const noFailPoint: FailPoint = () => undefined;
