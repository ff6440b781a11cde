/** The faces that append lines: plain, `--quiet`, `--events` and `--json`. */
import { withEstimate } from '../view/estimated-fact.ts';
import { type Fact, factsOf } from '../view/facts.ts';
import { factsAfterLogs } from '../view/log-piece.ts';
import { estimateNews } from '../view/renderers/estimate.ts';
import { eventLine } from '../view/renderers/events.ts';
import { finalObject } from '../view/renderers/json.ts';
import { excerptCommands, plainLines } from '../view/renderers/plain.ts';
import { ToldOnce } from '../view/renderers/told-once.ts';
import type { ViewState } from '../view/state.ts';
import { tryView } from '../view/try-view.ts';
import type { Face } from './face.ts';

/** Takes one line without its end. */
export type WriteLine = (line: string) => void;

/** Epoch milliseconds. */
type Now = () => number;

export interface LineFaceOptions {
  /** The logs are told, too: what comes after one waits for its last line. */
  follow: boolean;
}

function appending(
  write: WriteLine,
  now: Now,
  linesOf: (fact: Fact) => readonly string[],
  { follow }: LineFaceOptions = { follow: false },
): Face {
  const toldOnce = new ToldOnce();
  const tell = (state: ViewState) => {
    const facts = factsOf(state);
    for (const fact of toldOnce.take(follow ? factsAfterLogs(state, facts) : facts))
      for (const line of linesOf(withEstimate(state, fact, now()))) write(line);
  };
  return { update: tell, end: async (state) => tell(state) };
}

export function plainFace(write: WriteLine, now: Now, options?: LineFaceOptions): Face {
  const linesOf = (fact: Fact) =>
    options?.follow && fact.type === 'log_excerpt' ? excerptCommands(fact) : plainLines(fact);
  return appending(write, now, linesOf, options);
}

/** How it ended, and why if badly. */
export function quietFace(write: WriteLine, now: Now): Face {
  const isTold = (fact: Fact) =>
    fact.type === 'finished' ||
    fact.type === 'detached' ||
    fact.type === 'kept' ||
    fact.type === 'step_failure' ||
    fact.type === 'log_excerpt' ||
    fact.type === 'request_cancelled' ||
    (fact.type === 'build_finished' && fact.results > 1);
  return appending(write, now, (fact) => (isTold(fact) ? plainLines(fact) : []));
}

/** The facts, and after those that change it the time that is left. */
export function eventsFace(write: WriteLine, now: Now, options?: LineFaceOptions): Face {
  let last: string | undefined;
  let isStale = false;
  const linesOf = (fact: Fact) => {
    isStale ||=
      fact.type === 'build_started' ||
      fact.type === 'worker_away' ||
      fact.type === 'step_finished' ||
      fact.type === 'build_finished';
    return [eventLine(fact)];
  };
  const facts = appending(write, now, linesOf, options);
  return {
    ...facts,
    update: (state) => {
      facts.update(state);
      if (last !== undefined && !isStale) return;
      const news = estimateNews(tryView(state, now()), now());
      if (news === null) return;
      // Between two ends nothing may have changed but the time.
      const said = JSON.stringify({ ...news, at: 0 });
      if (said !== last) write(eventLine(news));
      last = said;
      isStale = false;
    },
  };
}

export function jsonFace(write: WriteLine, now: Now): Face {
  return {
    update: () => {},
    end: async (state, exitCode) =>
      write(JSON.stringify(finalObject(tryView(state, now()), factsOf(state), exitCode), null, 2)),
  };
}
