/**
 * Test support: shows that the code of a step can be taken up again at any moment. It is run once to its end against a
 * recorded world; then again and again, as after a restart of the master at each of its commands, with other clocks and
 * other random numbers. Each time it must ask for the very same things.
 */
import type { Log, Patch, Properties, SourceStamp } from '@buildbot/shared';
import { expect, vi } from 'vitest';
import { interpolate } from '../core/properties.ts';
import type { CommandResult, PlannedStep, StepCommand, StepContext, StepOutcome } from '../ports/recipe.ts';

/** How the `ordinal`-th command ends. */
export type Answer = (command: StepCommand, ordinal: number) => CommandResult;

export interface ReplayWorld {
  answer: Answer;
  properties?: Properties;
  env?: Record<string, string>;
  sourceStamps?: readonly SourceStamp[];
}

/** One thing that a step asked for. */
type Ask = readonly [kind: string, ...what: unknown[]];

/** A step that never gets past the master's end. */
const NEVER = new Promise<never>(() => undefined);

export const EXITED: CommandResult = {
  ...{ status: 'exited', code: 0, signal: null, cause: null, durationMs: 1, text: null, strays: 0 },
};

class RecordedContext implements StepContext {
  readonly asks: Ask[] = [];
  readonly env: Readonly<Record<string, string>>;
  readonly sourceStamps: readonly SourceStamp[];
  /** Resolves when the step waits for a command whose outcome did not come any more. */
  readonly cut = Promise.withResolvers<'cut'>();
  readonly #world: ReplayWorld;
  readonly #known: number;
  readonly #properties: Properties;
  #ordinal = 0;

  constructor(world: ReplayWorld, known: number) {
    this.#world = world;
    this.#known = known;
    this.#properties = structuredClone(world.properties ?? {});
    this.env = world.env ?? {};
    this.sourceStamps = world.sourceStamps ?? [];
  }

  properties(): Properties {
    return this.#properties;
  }

  interpolate(template: string): string {
    return interpolate(template, this.#properties);
  }

  async run(command: StepCommand, options: { stdin?: Patch } = {}): Promise<CommandResult> {
    const ordinal = this.#ordinal++;
    this.#ask('run', command, options.stdin?.patchId ?? null);
    if (ordinal < this.#known) return this.#world.answer(command, ordinal);
    this.cut.resolve('cut');
    return await NEVER;
  }

  async log(
    name: string,
  ): Promise<{ logId: Log['logId']; append(stream: string, text: string): Promise<void> }> {
    return { logId: 1, append: async (stream, text) => this.#ask('append', name, stream, text) };
  }

  async setProperty(...property: Parameters<StepContext['setProperty']>): Promise<void> {
    const [name, value, source] = property;
    this.#properties[name] = [value, source];
    this.#ask('setProperty', ...property);
  }

  async setState(stateString: string): Promise<void> {
    this.#ask('setState', stateString);
  }

  async addUrl(name: string, url: string): Promise<void> {
    this.#ask('addUrl', name, url);
  }

  async pause(ms: number): Promise<void> {
    this.#ask('pause', ms);
  }

  #ask(...ask: Ask): void {
    this.asks.push(structuredClone(ask));
  }
}

interface Run {
  asks: readonly Ask[];
  end: StepOutcome | 'cut' | { error: string };
}

/** Run the step with the outcomes of its first `known` commands. */
async function runOnce(step: PlannedStep, world: ReplayWorld, known: number): Promise<Run> {
  const context = new RecordedContext(world, known);
  const ended = step.run(context).catch((error: unknown) => ({ error: String(error) }));
  const end = await Promise.race([ended, context.cut.promise]);
  return { asks: context.asks, end };
}

/** The same at another time, where chance falls otherwise. */
async function elsewhere<T>(life: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ now: life * 86_400_000, toFake: ['Date'] });
  const random = vi.spyOn(Math, 'random').mockReturnValue((life % 97) / 97);
  const uuid = vi.spyOn(globalThis.crypto, 'randomUUID').mockReturnValue(`${life}-0-0-0-0`);
  const watch = vi.spyOn(performance, 'now').mockReturnValue(life * 1000);
  try {
    return await work();
  } finally {
    for (const mock of [random, uuid, watch]) mock.mockRestore();
    vi.useRealTimers();
  }
}

/** Fails unless the step can be taken up again wherever it is. Answers how many commands it asked for. */
export async function expectReplayable(step: PlannedStep, world: ReplayWorld): Promise<number> {
  const whole = await elsewhere(0, () => runOnce(step, world, Number.POSITIVE_INFINITY));
  const commands = whole.asks.filter(([kind]) => kind === 'run').length;
  for (let known = 0; known < commands; known++) {
    const cut = await elsewhere(2 * known + 1, () => runOnce(step, world, known));
    expect(cut.end, `with ${known} outcomes`).toBe('cut');
    expect(cut.asks, `with ${known} outcomes`).toEqual(whole.asks.slice(0, cut.asks.length));
    const again = await elsewhere(2 * known + 2, () => runOnce(step, world, Number.POSITIVE_INFINITY));
    expect(again, `again after ${known} outcomes`).toEqual(whole);
  }
  return commands;
}
