/**
 * What is new on the farm between one look at the state and the next: builds and steps as in a try, and workers and
 * requests, which a try has no words for. The first look tells what runs, for what had ended before is no news.
 */
import { type Range, sanitizeName } from '@buildbot/shared';
import { type Fact, factsOf } from './facts.ts';
import { ToldOnce } from './renderers/told-once.ts';
import type { ViewState } from './state.ts';
import { estimateOf } from './try-view.ts';

/** `at` is epoch milliseconds of the look. */
export type FarmChange = { at: number } & (
  | { type: 'worker_connected' | 'worker_disconnected'; worker: string }
  | { type: 'worker_suspect'; worker: string; reason: string }
  | { type: 'worker_trusted'; worker: string }
  /** Told again when the reason changes. */
  | { type: 'request_waiting'; requestId: number; builder: string; reason: string }
);

/** `left` and `samples`: of a build that starts, as a try shows them. */
export type FarmNews = FarmChange | (Fact & { left?: Range | null; samples?: number });

export class FarmReporter {
  readonly #toldOnce = new ToldOnce();
  #connected: ReadonlyMap<number, boolean> = new Map();
  #suspects: ReadonlySet<number> = new Set();
  #waiting: ReadonlyMap<number, string> = new Map();
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
    return news.map((one) => withEstimate(state, one, now));
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
    const waiting = [...state.requests.values()]
      .map(({ value }) => value)
      .filter(({ claimed, complete, waiting_reason }) => !claimed && !complete && waiting_reason)
      .filter(({ state: where }) => where !== 'shelved');
    this.#waiting = new Map(waiting.map((request) => [request.buildrequestid, request.waiting_reason ?? '']));
    return waiting
      .filter((request) => before.get(request.buildrequestid) !== request.waiting_reason)
      .map((request) => ({
        type: 'request_waiting',
        at,
        requestId: request.buildrequestid,
        builder: sanitizeName(state.builders.get(request.builderid)?.value.name ?? `${request.builderid}`),
        reason: sanitizeName(request.waiting_reason ?? '', { maxLength: 120 }),
      }));
  }
}

/** Whether it is how things stand, and not how they were. */
function isOpen(state: ViewState, fact: Fact): boolean {
  if (fact.type === 'request_shelved') return true;
  return fact.type === 'build_started' && state.builds.get(fact.build.buildId)?.value.complete === false;
}

function withEstimate(state: ViewState, news: FarmNews, now: number): FarmNews {
  if (news.type !== 'build_started') return news;
  const build = state.builds.get(news.build.buildId)?.value;
  if (build === undefined) return news;
  const { left, samples } = estimateOf(state, build.builderid, build, now);
  return { ...news, left, samples };
}
