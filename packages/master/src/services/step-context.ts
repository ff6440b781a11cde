/**
 * What the code of a step runs against: commands with stable keys, logs, properties. Whatever ends a step from outside
 * (an order to stop, a lost worker, a master that stops) is an `Interruption`: no further command starts, and the step's
 * code has no say in the result.
 *
 * A step that an earlier process of the master began runs again from its beginning. What it asks for is there already and
 * handed back, until it comes to the command that has no outcome yet: that one it waits for.
 */
import { isDeepStrictEqual } from 'node:util';
import {
  BugError,
  type Command,
  type CommandKey,
  type CommandOutcome,
  check,
  commandSchema,
  type LogType,
  type Properties,
  type PropertyValue,
  type SourceStamp,
  sleep,
  UserError,
} from '@buildbot/shared';
import { interpolate } from '../core/properties.ts';
import { type StepState, stepTransition } from '../core/step.ts';
import type { CommandResult, RunOptions, StepCommand, StepContext, StepLog } from '../ports/recipe.ts';
import type { StartedStep, StoredCommand } from '../ports/records.ts';
import type { WantedCommand, WorkerPool } from '../ports/workers.ts';
import { lossOf, resultOf } from './command-result.ts';
import { blobOf, blobSources } from './patch-blob.ts';
import type { BuildStore } from './patient-store.ts';
import { StepLogs } from './step-logs.ts';

/** Why a step ends without its code being asked. */
export type InterruptionCause =
  /** Somebody ordered it. */
  | { kind: 'stopped'; reason: string }
  /** The worker or its machine failed. */
  | { kind: 'lost'; reason: string }
  /** It asks for something else than it did in an earlier process of the master. */
  | { kind: 'outdated'; reason: string }
  /** A person took its worker out of service. */
  | { kind: 'withdrawn'; reason: string }
  /** The build is finished in the store: whatever this process still believes is out of date. */
  | { kind: 'fenced' }
  /** The master stops; the build is taken care of when it starts again. */
  | { kind: 'abandoned' };

/** Leaves the code of a step. Never reaches the user: the runner looks at the cause. */
class Interruption extends Error {
  override readonly name = 'Interruption';
}

/** What all steps of a build share. */
export interface BuildScope {
  buildId: number;
  attempt: number;
  workerId: number;
  /** Folder of the build on the worker. */
  builddir: string;
  sourceStamps: readonly SourceStamp[];
  env: Readonly<Record<string, string>>;
  /** Changed in place by steps. */
  properties: Properties;
}

export interface StepContextDeps {
  store: BuildStore;
  pool: WorkerPool;
  /** Told whenever the step waits for something outside of the master. */
  onWait: () => void;
}

type KeptCommand = StoredCommand & { isNew: boolean };

export class RunningStep implements StepContext {
  readonly sourceStamps: readonly SourceStamp[];
  readonly env: Readonly<Record<string, string>>;
  readonly #deps: StepContextDeps;
  readonly #scope: BuildScope;
  readonly #step: StartedStep;
  readonly #logs: StepLogs;
  readonly #interrupted = new AbortController();
  /**
   * Rejects when nobody will wait for an outcome any more. A stopped command's outcome is waited for all the same: it
   * is the proof that its processes have ended.
   */
  readonly #left = Promise.withResolvers<never>();
  readonly #changes: Properties = {};
  #state: StepState = stepTransition('waiting', 'start').state;
  #cause: InterruptionCause | null = null;
  #ordinal = 0;
  #isAsking = false;
  #runningKey: CommandKey | null = null;

  constructor(deps: StepContextDeps, scope: BuildScope, step: StartedStep) {
    this.#deps = deps;
    this.#scope = scope;
    this.#step = step;
    this.sourceStamps = scope.sourceStamps;
    this.env = scope.env;
    this.#logs = new StepLogs({ store: deps.store, step, fence: (isWritten) => this.#fence(isWritten) });
    this.#left.promise.catch(() => undefined);
  }

  /** What ended this step from outside, `null` when nothing did. */
  get interruption(): InterruptionCause | null {
    return this.#cause;
  }

  /** Folder of the build on the worker. */
  get builddir(): string {
    return this.#scope.builddir;
  }

  /** Properties that its code has set. */
  get changes(): Properties {
    return this.#changes;
  }

  properties(): Properties {
    return this.#scope.properties;
  }

  interpolate(template: string): string {
    return interpolate(template, this.#scope.properties);
  }

  async run(command: StepCommand, options: RunOptions = {}): Promise<CommandResult> {
    if (this.#isAsking) throw new BugError('a step runs one command at a time');
    this.#isAsking = true;
    try {
      return await this.#run(command, options);
    } finally {
      this.#isAsking = false;
    }
  }

  async #run(command: StepCommand, options: RunOptions): Promise<CommandResult> {
    const key = this.#nextKey();
    await this.#mayAsk(key);
    this.#ordinal++;
    const stdin = options.stdin === undefined ? {} : { stdin: blobOf(options.stdin) };
    const asked = check(commandSchema, { ...command, builddir: this.#scope.builddir, ...stdin });
    if (!asked.ok) throw new UserError(`this command cannot be run: ${asked.reason}`);
    // At once, so that both share one sync of the disk.
    const [logs, kept] = await Promise.all([
      this.#logs.of(asked.value, options.log),
      this.#deps.store.putCommand(key, this.#scope.buildId, asked.value),
    ]);
    this.#fence(kept !== null);
    const { outcome, isNew, received } = this.#checkReplay(kept as KeptCommand, asked.value);
    if (outcome !== null) return this.#judge(outcome);
    const { buildId } = this.#scope;
    const blobs = options.stdin === undefined ? {} : blobSources(this.#deps.store, options.stdin);
    const wanted = { key, buildId, command: asked.value, logs, blobs };
    return this.#judge(await this.#want(isNew ? wanted : { ...wanted, resumed: { received } }));
  }

  /** Only what was asked for before may be asked for again by a step that was told to end: to see its processes end. */
  async #mayAsk(key: CommandKey): Promise<void> {
    if (this.#cause !== null && !(await this.#wasAskedFor(key))) this.#goOn();
  }

  async #want(wanted: WantedCommand): Promise<CommandOutcome> {
    const { key } = wanted;
    if (wanted.resumed === undefined || isLeft(this.#cause)) this.#goOn();
    this.#runningKey = key;
    const outcome = this.#deps.pool.run(this.#scope.workerId, wanted);
    this.#deps.onWait();
    if (this.#cause !== null) this.#stopRunning(this.#cause);
    const ended = await Promise.race([outcome, this.#left.promise]);
    this.#runningKey = null;
    return ended;
  }

  /** A replay that asks for something else would give the outcome of one command for that of another. */
  #checkReplay(kept: KeptCommand, asked: Command): KeptCommand {
    // Through the schema, so that fields which a newer version has added have their defaults on both sides.
    const before = check(commandSchema, kept.command);
    const isSame = before.ok && isDeepStrictEqual(before.value, asked);
    if (!kept.isNew && !isSame)
      this.#outdate('asked for something else than before the master was restarted');
    return kept;
  }

  /** Its code has come to its end: what an earlier process had asked for beyond that would be left unseen. */
  async checkReplayEnd(): Promise<void> {
    if (this.#step.isNew || this.#cause !== null) return;
    const isShort = this.#logs.isShort || (await this.#wasAskedFor(this.#nextKey()));
    if (isShort) this.#outdate('asked for less than before the master was restarted');
  }

  #outdate(what: string): void {
    this.interrupt({ kind: 'outdated', reason: `step '${this.#step.name}' ${what}` });
    this.#goOn();
  }

  #nextKey(): CommandKey {
    const { buildId, attempt } = this.#scope;
    return `${buildId}.${attempt}.${this.#step.number}.${this.#ordinal}`;
  }

  async #wasAskedFor(key: CommandKey): Promise<boolean> {
    return !this.#step.isNew && (await this.#deps.store.command(key)) !== null;
  }

  async log(name: string, type: LogType = 't'): Promise<StepLog> {
    return await this.#logs.log(name, type);
  }

  /** Id of a log that was made; `null` for none of this name. */
  async logId(name: string): Promise<number | null> {
    return await this.#logs.made(name);
  }

  async setProperty(name: string, value: PropertyValue, source: string): Promise<void> {
    this.#scope.properties[name] = [value, source];
    this.#changes[name] = [value, source];
  }

  async setState(stateString: string): Promise<void> {
    this.#fence(await this.#deps.store.updateStep(this.#step.stepId, { stateString }));
  }

  async addUrl(name: string, url: string): Promise<void> {
    this.#fence(await this.#deps.store.updateStep(this.#step.stepId, { addUrl: { name, url } }));
  }

  async pause(ms: number): Promise<void> {
    // What came after it has begun, so it was over.
    if (await this.#wasAskedFor(this.#nextKey())) return;
    this.#deps.onWait();
    await sleep(ms, this.#interrupted.signal);
    this.#goOn();
  }

  /** End it from outside. The first cause stays; after the end of the step it is too late. */
  interrupt(cause: InterruptionCause): void {
    const next = stepTransition(this.#state, 'stop');
    this.#state = next.state;
    if (next.effects.includes('stop-command')) this.#stopBecause(cause);
  }

  /** Its code has ended: no more interruptions, all its logs are complete. */
  async end(): Promise<void> {
    this.#state = stepTransition(this.#state, 'end').state;
    await this.#logs.finish();
  }

  #stopBecause(cause: InterruptionCause): void {
    this.#cause = cause;
    this.#stopRunning(cause);
    this.#interrupted.abort();
    if (isLeft(cause)) this.#left.reject(new Interruption(cause.kind));
  }

  /** A command whose build was abandoned goes on: the worker keeps it for the master's next start. */
  #stopRunning(cause: InterruptionCause): void {
    if (this.#runningKey === null || cause.kind === 'abandoned') return;
    this.#deps.pool.stop(this.#runningKey, 'reason' in cause ? cause.reason : 'the build has ended');
  }

  #goOn(): void {
    if (this.#cause !== null) throw new Interruption(this.#cause.kind);
  }

  #fence(isWritten: boolean): void {
    if (isWritten) return;
    this.interrupt({ kind: 'fenced' });
    this.#goOn();
  }

  #judge(outcome: CommandOutcome): CommandResult {
    const lost = lossOf(outcome);
    if (lost !== null) {
      this.interrupt(lost);
      this.#goOn();
    }
    return resultOf(outcome);
  }
}

/** Whether nobody waits for the step any more. */
function isLeft(cause: InterruptionCause | null): boolean {
  return cause?.kind === 'abandoned' || cause?.kind === 'fenced';
}
