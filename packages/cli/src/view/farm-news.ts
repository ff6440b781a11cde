/**
 * What is new on the farm between one look at the state and the next: builds and steps as in a try, and workers and
 * requests, which a try has no words for. The first look tells what runs, for what had ended before is no news.
 */
import { type BuildRequestResource, type FarmChangeEvent, sanitizeName } from '@buildbot/shared';
import { withEstimate } from './estimated-fact.ts';
import { type Fact, factsOf } from './facts.ts';
import { ToldOnce } from './renderers/told-once.ts';
import type { ViewState } from './state.ts';
import { isWaiting } from './waiting.ts';

/** `at` is the time of the look. A waiting request is told again when the reason becomes another one. */
export type FarmChange = FarmChangeEvent;

export type FarmNews = FarmChange | Fact;

export class FarmReporter {
  readonly #toldOnce = new ToldOnce();
  #connected: ReadonlyMap<number, boolean> = new Map();
  #suspects: ReadonlySet<number> = new Set();
  /** Of each request that waits, the kind of reason that was told last. */
  #waiting: ReadonlyMap<number, string | undefined> = new Map();
  #isFirst = true;

  /** What is new since the last call, facts first. Nothing until the master has told how things stand. */
  take(state: ViewState, now: number): FarmNews[] {
    if (state.farm === null) return [];
    const facts = this.#toldOnce.take(factsOf(state));
    const changes = [
      ...this.#workers(state, now),
      ...this.#suspicions(state, now),
      ...this.#requests(state, now),
    ];
    const news = this.#isFirst ? facts.filter((fact) => isOpen(state, fact)) : [...facts, ...changes];
    this.#isFirst = false;
    return news.map((one) => ('key' in one ? withEstimate(state, one, now) : one));
  }

  #workers(state: ViewState, at: number): FarmChange[] {
    const before = this.#connected;
    const workers = [...state.workers.values()].map(({ value }) => value);
    this.#connected = new Map(workers.map((worker) => [worker.workerid, worker.connected_to.length > 0]));
    return workers.flatMap(({ workerid, name, connected_to }): FarmChange[] => {
      const isConnected = connected_to.length > 0;
      if (isConnected === (before.get(workerid) ?? false)) return [];
      const type = isConnected ? 'worker_connected' : 'worker_disconnected';
      return [{ type, at, worker: sanitizeName(name, { maxLength: 70 }) }];
    });
  }

  #suspicions(state: ViewState, at: number): FarmChange[] {
    const before = this.#suspects;
    const workers = [...state.workers.values()].map(({ value }) => value);
    this.#suspects = new Set(workers.flatMap(({ workerid, suspect }) => (suspect ? [workerid] : [])));
    return workers.flatMap(({ workerid, name, suspect }): FarmChange[] => {
      if (before.has(workerid) === this.#suspects.has(workerid)) return [];
      const worker = sanitizeName(name, { maxLength: 70 });
      if (!suspect) return [{ type: 'worker_trusted', at, worker }];
      return [{ type: 'worker_suspect', at, worker, reason: sanitizeName(suspect.reason) }];
    });
  }

  #requests(state: ViewState, at: number): FarmChange[] {
    const before = this.#waiting;
    const waiting = [...state.requests.values()].map(({ value }) => value).filter(isWaiting);
    // Events do not know why a request waits: what the last answer said stands until another one says otherwise.
    const kindNow = ({ buildrequestid, waiting_reason }: BuildRequestResource) =>
      kindOf(waiting_reason) ?? before.get(buildrequestid);
    this.#waiting = new Map(waiting.map((request) => [request.buildrequestid, kindNow(request)]));
    return waiting
      .filter((request) => kindNow(request) !== before.get(request.buildrequestid))
      .map((request) => ({
        type: 'request_waiting',
        at,
        requestId: request.buildrequestid,
        builder: sanitizeName(state.builders.get(request.builderid)?.value.name ?? `${request.builderid}`),
        reason: sanitizeName(request.waiting_reason ?? '', { maxLength: 120 }),
      }));
  }
}

/** A reason without what changes all the time: the place in the queue, counts, times. */
function kindOf(reason: string | null): string | undefined {
  return reason
    ?.replace(/(?:, )?(?:next in line|\d+ requests? ahead)/, '')
    .replace(/(?<![\w-])\d+(?:\.\d+)?(?:[dhms]\d*)*(?![\w-])/g, '#');
}

/** Whether it is how things stand, and not how they were. */
function isOpen(state: ViewState, fact: Fact): boolean {
  if (fact.type === 'request_shelved') return true;
  if (fact.type !== 'build_started' && fact.type !== 'worker_away') return false;
  return state.builds.get(fact.build.buildId)?.value.complete === false;
}
