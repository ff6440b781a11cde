/**
 * What the model of the store keeps: plain rows that outlive every master. Whoever wants to know what happens to them is
 * told at once, in the words of the invariants.
 */
import type {
  Build,
  BuildRequest,
  BuildSet,
  CommandKey,
  Log,
  Properties,
  Step,
  Worker,
} from '@buildbot/shared';
import type { StoredCommand } from '../../packages/master/src/ports/records.ts';

export interface RequestRow extends BuildRequest {
  lastWorkerId: number | null;
}

export interface BuildRow extends Build {
  recipe: string | null;
  properties: Properties;
}

export interface StepRow extends Step {
  appends: number;
}

export interface CommandRow extends StoredCommand {
  buildId: number;
}

export interface SessionRow {
  bootId: string;
  ackedSeq: number;
  /** Another process took its place. */
  hasEnded: boolean;
}

/** Told of every change as it becomes durable. */
export interface Witness {
  accepted(jobId: string, requestIds: number[]): void;
  claimed(build: BuildRow, request: RequestRow): void;
  /** Something was written on behalf of a build. */
  wrote(build: BuildRow, what: string): void;
  /** Bytes of a worker that now count, at their place in the log of a command. */
  logged(key: CommandKey, log: string, offset: number, bytes: Uint8Array): void;
  ended(command: CommandRow): void;
  finished(build: BuildRow): void;
  completed(request: RequestRow): void;
}

export class Disk {
  readonly sets = new Map<number, BuildSet>();
  readonly requests = new Map<number, RequestRow>();
  readonly builds = new Map<number, BuildRow>();
  readonly steps = new Map<number, StepRow>();
  readonly logs = new Map<number, Log>();
  readonly commands = new Map<CommandKey, CommandRow>();
  /** By worker, the newest last. */
  readonly sessions = new Map<number, SessionRow[]>();
  readonly workers = new Map<number, Worker>();
  /** By worker, the newest build there was at its last loss. */
  readonly lossBuilds = new Map<number, number>();
  readonly jobs = new Map<string, number>();
  /** Builds, by their worker and by their request: looked up at every step. */
  readonly buildsOfRequest = new Map<number, BuildRow[]>();
  readonly unfinished = new Set<BuildRow>();
  readonly open = new Set<RequestRow>();
  readonly witness: Witness;
  /** Whether writes on behalf of finished builds are refused. Only a test that must fail goes without. */
  readonly hasFence: boolean;
  events = 0;
  #lastId = 0;

  constructor(witness: Witness, hasFence = true) {
    this.witness = witness;
    this.hasFence = hasFence;
  }

  /** One sequence for all: ids of different tables never look alike. */
  nextId(): number {
    return ++this.#lastId;
  }

  /** The build, if it may still be written for. */
  live(buildId: number): BuildRow | null {
    const build = this.builds.get(buildId);
    if (build === undefined) return null;
    return build.completeAt === null || !this.hasFence ? build : null;
  }

  stepsOf(buildId: number): StepRow[] {
    return [...this.steps.values()].filter((step) => step.buildId === buildId);
  }

  logsOf(buildId: number): Log[] {
    return [...this.logs.values()].filter((log) => log.buildId === buildId);
  }

  /** A build is over: what hangs on it need not be looked at again. */
  forget(build: BuildRow): void {
    this.unfinished.delete(build);
  }
}

/** A row as it is now. */
export function copyOf<T extends object>(row: T | undefined): T | null {
  return row === undefined ? null : { ...row };
}
