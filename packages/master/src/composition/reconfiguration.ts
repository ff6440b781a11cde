/**
 * Takes a changed configuration over while the master runs. What can fail comes first (reading, checking, the store, try
 * directories); then all parts are told at once. A build that runs keeps the recipe it began with, and its worker.
 */
import { type MasterConfig, messageOf, UserError } from '@buildbot/shared';
import { type Difference, describeDifference, differenceOf, takeable } from '../config/difference.ts';
import type { Reconfigured, Refusal } from '../ports/control.ts';
import type { Logger, Service } from '../ports/service.ts';
import type { Store } from '../ports/store.ts';
import { type InForce, inForceOf, inventoryOf } from './in-force.ts';

export interface ReconfigurationDeps {
  store: Pick<Store, 'register'>;
  logger: Logger;
  /** The configuration as its file has it now, checked, with the passwords of workers. Rejects when it is not sound. */
  read: () => Promise<MasterConfig>;
  current: () => InForce;
  /** Open what is new of this, or reject and leave everything as it was. */
  prepare: (next: InForce) => Promise<void>;
  /** From now on this is in force. */
  apply: (next: InForce, difference: Difference) => Promise<void>;
}

/** Starts after all others and stops before them, so that nothing is taken over by parts that do not run. */
export class Reconfiguration implements Service {
  readonly name = 'reconfiguration';
  readonly #deps: ReconfigurationDeps;
  #isOpen = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(deps: ReconfigurationDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#isOpen = true;
  }

  async stop(): Promise<void> {
    this.#isOpen = false;
    await this.#turn;
  }

  /** Read the file again and take it over. Two who ask at once are served one after the other, and both are answered. */
  run(): Promise<Reconfigured | Refusal> {
    const turn = this.#turn.then(() => this.#run());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #run(): Promise<Reconfigured | Refusal> {
    const { logger } = this.#deps;
    if (!this.#isOpen) return { refused: 'the master is just starting or stopping' };
    try {
      const reconfigured = await this.#take(await this.#deps.read());
      logger.info({ ...reconfigured }, 'the configuration was taken over');
      return reconfigured;
    } catch (error) {
      const refused = messageOf(error);
      logger.error({ err: error }, `the configuration stays as it was: ${refused}`);
      // Something that nobody outside can put right is for those who called.
      if (!(error instanceof UserError)) throw error;
      return { refused };
    }
  }

  async #take(wanted: MasterConfig): Promise<Reconfigured> {
    const { current, apply } = this.#deps;
    const before = current().config;
    const difference = differenceOf(before, wanted);
    const changes = describeDifference(difference);
    const { needsRestart } = difference;
    if (changes !== '') await apply(await this.#prepare(before, takeable(before, wanted)), difference);
    return { changes, needsRestart };
  }

  /** The store knows the new names first, because whatever is opened for them is used at once. */
  async #prepare(before: MasterConfig, config: MasterConfig): Promise<InForce> {
    const { store, prepare } = this.#deps;
    const next = inForceOf(config, await store.register(inventoryOf(config)));
    try {
      await prepare(next);
      return next;
    } catch (error) {
      await store.register(inventoryOf(before));
      throw error;
    }
  }
}
