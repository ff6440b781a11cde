/** The signals that ask a daemon to end, one after the other. */

/** `graceful` waits for the builds that run. */
export type Ending = 'at once' | 'graceful';

/** What `buildbot-master stop --graceful` sends. */
export const GRACEFUL_SIGNAL = 'SIGUSR2';

const ENDINGS: Readonly<Record<string, Ending>> = {
  SIGTERM: 'at once',
  SIGINT: 'at once',
  [GRACEFUL_SIGNAL]: 'graceful',
};

export class EndSignals {
  #next = Promise.withResolvers<Ending>();

  /** `hangup`: SIGHUP is one of them. */
  constructor({ hangup }: { hangup: boolean }) {
    for (const [signal, ending] of Object.entries(ENDINGS)) process.on(signal, () => this.#arrived(ending));
    if (hangup) process.on('SIGHUP', () => this.#arrived('at once'));
  }

  /** The first signal that comes from now on. */
  next(): Promise<Ending> {
    return this.#next.promise;
  }

  #arrived(ending: Ending): void {
    this.#next.resolve(ending);
    this.#next = Promise.withResolvers();
  }
}
