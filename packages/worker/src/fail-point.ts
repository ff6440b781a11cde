/**
 * Moments at which it is nasty if this process ends. For tests of crashes: `BUILDBOT_FAILPOINT=after-spawn` kills the
 * worker, as SIGKILL does, when it comes to that moment; `after-spawn@3` when it does so for the third time.
 */
export const MOMENTS = [
  /** An earlier process may have left commands behind, and none has been ended yet. */
  'before-sweep',
  'after-sweep',
  /** What is to hold a command's processes is made, and empty. */
  'before-spawn',
  /** A command has begun; it may not be held yet, and nothing says that it runs. */
  'after-spawn',
  /** All output of a command is in the spool, its end is not. */
  'before-ended',
  /** That a command has started, or how it ended, is in the spool and was not sent. */
  'report-spooled',
  'output-spooled',
  /** The spool has begun a new file. */
  'segment-made',
  /** A file of acknowledged messages is gone; the spool still counts with it. */
  'segment-removed',
] as const;

export type Moment = (typeof MOMENTS)[number];

/** Told of each moment. Does nothing, unless a test wants the process to end. */
export type FailPoint = (moment: Moment) => void;

export const noFailPoint: FailPoint = () => undefined;
