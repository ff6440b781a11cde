/**
 * What the view model is fed with: resources and events of the API as they come, and what only this client knows
 * (its snapshot, its link, a person's wish to detach). A message is plain data, so a recorded run can be replayed.
 */
import type {
  BuildRequestResource,
  BuildSetSummaryResource,
  EstimateResource,
  EventMessage,
  LocalEvent,
  StatusResource,
  StepFailure,
  WorkerResource,
} from '@buildbot/shared';

type Finished = Extract<LocalEvent, { type: 'finished' }>;

/** Something that happened on this side of the link. `mark` stands before the text, for people. */
export type LocalFact = Exclude<LocalEvent, { type: 'finished' }> | (Finished & { mark?: string });

/** What the client is busy with before there is anything to follow. */
export interface Preparation {
  snapshot: 'running' | 'done' | 'none';
  link: 'running' | 'done';
  /** Where to, as a person would name it: `ci.example`. */
  target: string;
  startedAt: number;
}

export type ViewMessage =
  /** `words` lead another command to the same master; a local one lives only as long as this process. */
  | { type: 'connection'; words: readonly string[]; isLocal: boolean }
  | { type: 'preparation'; preparation: Preparation }
  | { type: 'local'; fact: LocalFact }
  | { type: 'summary'; summary: BuildSetSummaryResource }
  | { type: 'status'; status: StatusResource }
  /** Requests of whoever watches. */
  | { type: 'mine'; requestIds: readonly number[] }
  /** As it was when event `n` was the newest. */
  | { type: 'estimate'; n: number; estimate: EstimateResource }
  /** As they were when event `n` was the newest. */
  | { type: 'workers'; n: number; workers: readonly WorkerResource[] }
  /** Requests with why they wait, which events do not know. */
  | { type: 'reasons'; requests: readonly BuildRequestResource[] }
  | { type: 'event'; event: EventMessage }
  /** The log was told to its end, line for line (`--follow`). */
  | { type: 'log_told'; logId: number }
  /** The newest lines of a running step's log, sanitised. */
  | { type: 'tail'; stepId: number; lines: readonly string[] }
  /** Whose failure a failed step is. */
  | { type: 'failure'; stepId: number; failure: StepFailure }
  /** Lines of a failed step's log that say why, sanitised; told once. */
  | { type: 'excerpt'; stepId: number; log: string; lines: readonly string[] };
