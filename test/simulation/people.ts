/**
 * Those who use the farm: they hand in jobs, call them off, take what was shelved off the shelf, and repeat whatever was
 * not answered, under the same id.
 */
import type { WorkerVerb } from '../../packages/master/src/ports/control.ts';
import type { Checker } from './checker.ts';
import type { Disk } from './disk.ts';
import type { Serving, SimMaster } from './sim-master.ts';
import type { Wish } from './story.ts';
import { newActor, type VirtualTime } from './virtual-time.ts';

export interface PeopleDeps {
  time: VirtualTime;
  disk: Disk;
  master: SimMaster;
  checker: Checker;
  trace: (line: string) => void;
}

/** Whoever hears nothing asks again after this long. Milliseconds. */
const PATIENCE_MS = 3000;

export class People {
  readonly #deps: PeopleDeps;
  readonly #actor = newActor('people');
  #open = 0;
  #jobs = 0;

  constructor(deps: PeopleDeps) {
    this.#deps = deps;
    deps.time.after(PATIENCE_MS, () => this.#lookAtShelf(), this.#actor);
  }

  wish(wish: Wish): void {
    const jobId = `job-${++this.#jobs}`;
    this.#at(wish.at, () => {
      const set = {
        ...{ externalId: jobId, reason: 'try', submitter: 'alice', scheduler: 'try', sourceStamps: [] },
        ...{ properties: {}, builderIds: wish.builderIds, priority: wish.priority, rebuiltBuildId: null },
      };
      const job = { jobId, scheduler: 'try', user: 'alice', sha256: jobId };
      void this.#ask(`hands in ${jobId}`, async ({ store }) => {
        const intake = await store.acceptTryJob(job, set);
        if (!('added' in intake)) throw new Error(`${jobId} was refused`);
        return intake.added.requests.map(({ requestId }) => requestId);
      }).then((requestIds) => this.#accepted(jobId, requestIds, wish));
    });
  }

  control(workerId: number, verb: WorkerVerb): void {
    void this.#ask(`${verb} worker ${workerId}`, ({ control }) => control.controlWorker(workerId, verb, ''));
  }

  /** Everybody has what they asked for. */
  areContent(): boolean {
    return this.#open === 0 && this.#deps.disk.open.size === 0;
  }

  #accepted(jobId: string, requestIds: number[], { cancels }: Wish): void {
    this.#deps.checker.accepted(jobId, requestIds);
    this.#deps.trace(`${jobId} was accepted as ${requestIds.join(' and ')}`);
    for (const { after, by, what } of cancels) {
      for (const requestId of requestIds) this.#at(after, () => void this.#cancel(requestId, by, what));
    }
  }

  async #cancel(requestId: number, by: string, what: 'request' | 'build'): Promise<void> {
    await this.#ask(`${by} cancels the ${what} of request ${requestId}`, async ({ control, store }) => {
      const build = what === 'build' ? await store.buildOfRequest(requestId) : null;
      if (build === null) await control.cancelRequest(requestId, by, 'enough');
      else await control.stopBuild(build.buildId, by, 'enough');
    });
  }

  /** Somebody comes by now and then, and tries again what was shelved. */
  #lookAtShelf(): void {
    for (const { state, requestId } of this.#deps.disk.open) {
      if (state !== 'shelved') continue;
      void this.#ask(`unshelves request ${requestId}`, ({ control }) => control.unshelve(requestId));
    }
    this.#at(PATIENCE_MS, () => this.#lookAtShelf());
  }

  /** Ask the master until it answers. What it did before it died is found done when it is asked again. */
  #ask<T>(what: string, act: (serving: Serving) => Promise<T>): Promise<T> {
    const { time, master, trace } = this.#deps;
    this.#open++;
    return new Promise((resolve) => {
      let isAnswered = false;
      const answer = (value: T): void => {
        if (isAnswered) return;
        isAnswered = true;
        this.#open--;
        time.after(0, () => resolve(value), this.#actor);
      };
      const again = (): void => {
        if (isAnswered) return;
        const { serving } = master;
        if (serving !== null) {
          trace(`somebody ${what}`);
          time.after(0, () => void act(serving).then(answer), serving.actor);
        }
        time.after(PATIENCE_MS, again, this.#actor);
      };
      time.after(0, again, this.#actor);
    });
  }

  #at(delayMs: number, act: () => void): void {
    this.#deps.time.after(delayMs, act, this.#actor);
  }
}
