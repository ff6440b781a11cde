/** What is kept and told of one worker. A store that fails is told of in the log, and the worker stays. */
import { messageOf, type WorkerNote } from '@buildbot/shared';
import type { Logger } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';

export interface WorkerRecordInput {
  store: Pick<Store, 'setWorkerState' | 'noteWorker'>;
  workerId: number;
  logger: Logger;
}

export class WorkerRecord {
  readonly #input: WorkerRecordInput;

  constructor(input: WorkerRecordInput) {
    this.#input = input;
  }

  keep(state: Parameters<Store['setWorkerState']>[1]): Promise<void> {
    const { store, workerId } = this.#input;
    return this.#try("the worker's state", () => store.setWorkerState(workerId, state));
  }

  tell(note: WorkerNote, facts: Record<string, unknown>): Promise<void> {
    const { store, workerId } = this.#input;
    return this.#try('an event of the worker', () => store.noteWorker(workerId, note, facts));
  }

  async #try(what: string, write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#input.logger.error({ err: error }, `${what} was not stored: ${messageOf(error)}`);
    }
  }
}
