/** The logs of one step: each made when it is first named, filled by the worker or the step's own code, ended with the step. */
import type { Command, LogType } from '@buildbot/shared';
import type { StepLog } from '../ports/recipe.ts';
import type { StartedStep } from '../ports/records.ts';
import type { BuildStore } from './patient-store.ts';

export interface StepLogsInput {
  store: Pick<BuildStore, 'addLog' | 'appendLog' | 'finishLog'>;
  step: StartedStep;
  /** Told of each write whether it was still this process's to make; throws when it was not. */
  fence: (isWritten: boolean) => void;
}

export class StepLogs {
  readonly #input: StepLogsInput;
  /** Ids by name. */
  readonly #made = new Map<string, Promise<number>>();
  #appends = 0;

  constructor(input: StepLogsInput) {
    this.#input = input;
  }

  /** Whether its code has said less by now than it had in an earlier process of the master. */
  get isShort(): boolean {
    return this.#appends < this.#input.step.appends;
  }

  async log(name: string, type: LogType): Promise<StepLog> {
    const logId = await this.#idOf(name, type);
    return { logId, append: async (stream, text) => await this.#append(logId, stream, text) };
  }

  /** Id of a log that was made; `null` for none of this name. */
  async made(name: string): Promise<number | null> {
    return (await this.#made.get(name)) ?? null;
  }

  /** Ids by the names that the worker knows a command's logs by; `output` is the step's own name for `stdio`. */
  async of(command: Command, output = 'stdio'): Promise<Record<string, number>> {
    if (command.kind !== 'exec') return {};
    const names = ['stdio', ...command.logfiles.map(({ log }) => log)];
    const own = [output, ...names.slice(1)];
    const ids = await Promise.all(own.map(async (name) => await this.#idOf(name, 's')));
    return Object.fromEntries(ids.map((logId, i) => [names[i], logId]));
  }

  /** All of them are complete. */
  async finish(): Promise<void> {
    const ids = await Promise.all(this.#made.values());
    await Promise.all(ids.map((logId) => this.#input.store.finishLog(logId)));
  }

  /** What an earlier process of the master said is there. */
  async #append(logId: number, stream: 'o' | 'e' | 'h', text: string): Promise<void> {
    const { store, step, fence } = this.#input;
    if (text === '' || this.#appends++ < step.appends) return;
    fence(await store.appendLog(logId, stream, new TextEncoder().encode(text)));
  }

  async #idOf(name: string, type: LogType): Promise<number> {
    const made = this.#made.get(name);
    if (made !== undefined) return await made;
    const making = this.#make(name, type);
    this.#made.set(name, making);
    making.catch(() => this.#made.delete(name));
    return await making;
  }

  async #make(name: string, type: LogType): Promise<number> {
    const { store, step, fence } = this.#input;
    const log = await store.addLog({ stepId: step.stepId, name, type });
    fence(log !== null);
    return log?.logId as number;
  }
}
