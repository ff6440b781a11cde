/**
 * What a builder's recipe is made of, as the build runner sees it. The room `builds/` writes steps against
 * `StepContext`; the runner provides it and knows no step type.
 */
import type {
  CommandInput,
  LogType,
  Patch,
  Properties,
  PropertyValue,
  Results,
  SourceStamp,
  TestFormat,
} from '@buildbot/shared';
import type { StepRules } from '../core/flow.ts';

/** How a step ended. Text for people is derived here and nowhere else: `'make test' failed (exit 2)`. */
export interface StepOutcome {
  results: Results;
  stateString: string;
  /** Where it told of its tests. */
  tests?: TestReport;
}

/** A log of a step in which its tests are told. */
export interface TestReport {
  format: TestFormat;
  /** Name of the log. */
  log: string;
  /** Folder that the tests ran in, below the build's own. */
  workdir: string;
  /** It holds files one after the other, each behind its path. */
  hasFiles: boolean;
  /** The command was ended before it was done, so not all of its tests are told. */
  isCutShort: boolean;
}

type StepFields<C> = C extends unknown ? Omit<C, 'builddir' | 'stdin'> : never;
/** A command as a step writes it: the folder of the build is the runner's matter. */
export type StepCommand = StepFields<CommandInput>;

/**
 * How a command ended, as far as a step has to care. A lost worker, a failed machine and an order to stop never get
 * here: they end the step whatever its code would make of them.
 */
export type CommandResult =
  | {
      status: 'exited';
      code: number | null;
      signal: string | null;
      /** The limit that ended it, if one did. */
      cause: 'timeout' | 'max-time' | null;
      durationMs: number;
      /** Captured output, or the answer of `stat`. */
      text: string | null;
      strays: number;
    }
  | { status: 'failed'; reason: string };

export interface RunOptions {
  stdin?: Patch;
  log?: string;
}

/** A log of a running step, to write the master's own words into. */
export interface StepLog {
  readonly logId: number;
  /** `h` marks what Buildbot says, apart from the command's own bytes. */
  append(stream: 'o' | 'e' | 'h', text: string): Promise<void>;
}

/**
 * Everything the code of a step may use. Such code must be deterministic given the outcomes of its commands: after a
 * restart of the master it runs again from its beginning and is handed the stored outcomes, so no clock, no random
 * numbers, no files and no sockets of the master. All its rules: docs/architecture/durable-builds.md.
 */
export interface StepContext {
  readonly sourceStamps: readonly SourceStamp[];
  /** The builder's environment with properties filled in. */
  readonly env: Readonly<Record<string, string>>;
  /** As they are now. */
  properties(): Properties;
  /** Fill properties into a text, see `core/properties.ts`. */
  interpolate(template: string): string;
  /**
   * Run a command on the build's worker, one at a time. Output goes to the log `stdio`, followed files to logs of their own names.
   * `stdin`: a patch whose bytes are the command's standard input. `log`: name of the log that takes its output in place of `stdio`.
   */
  run(command: StepCommand, options?: RunOptions): Promise<CommandResult>;
  /** A log of this step by its name, made when first asked for. */
  log(name: string, type?: LogType): Promise<StepLog>;
  /** The step sees it at once; everybody else when the step has ended. */
  setProperty(name: string, value: PropertyValue, source: string): Promise<void>;
  setState(stateString: string): Promise<void>;
  addUrl(name: string, url: string): Promise<void>;
  /** Wait, unless the step is stopped meanwhile. Milliseconds. */
  pause(ms: number): Promise<void>;
}

/** One step of a recipe, its options checked. */
export interface PlannedStep {
  rules: StepRules;
  /** As the configuration has it, without defaults: another one means that it is another step. */
  written: unknown;
  run(context: StepContext): Promise<StepOutcome>;
}

/** How a builder builds and where. */
export interface Recipe {
  builderId: number;
  name: string;
  /** Ids of eligible workers. */
  workerIds: readonly number[];
  env: Readonly<Record<string, string>>;
  properties: Readonly<Record<string, PropertyValue>>;
  steps: readonly PlannedStep[];
}

/** The configuration in force now, as builds need it. A build keeps the recipe it began with. */
export interface Recipes {
  of(builderId: number): Recipe | undefined;
  all(): Iterable<Recipe>;
  /** Properties that the configuration gives to builds on this worker. */
  workerProperties(workerId: number): Readonly<Record<string, PropertyValue>>;
}
