/** The faces that append lines: plain, `--quiet`, `--events` and `--json`. */
import { type Fact, factsOf } from '../view/facts.ts';
import { eventLine } from '../view/renderers/events.ts';
import { finalObject } from '../view/renderers/json.ts';
import { plainLines } from '../view/renderers/plain.ts';
import { ToldOnce } from '../view/renderers/told-once.ts';
import { tryView } from '../view/try-view.ts';
import type { Face } from './face.ts';

/** Takes one line without its end. */
export type WriteLine = (line: string) => void;

function appending(write: WriteLine, linesOf: (fact: Fact) => readonly string[]): Face {
  const toldOnce = new ToldOnce();
  const tell = (facts: readonly Fact[]) => {
    for (const fact of toldOnce.take(facts)) for (const line of linesOf(fact)) write(line);
  };
  return {
    update: (state) => tell(factsOf(state)),
    end: async (state) => tell(factsOf(state)),
  };
}

export function plainFace(write: WriteLine): Face {
  return appending(write, plainLines);
}

/** How it ended, and why if badly. */
export function quietFace(write: WriteLine): Face {
  const isTold = (fact: Fact) =>
    fact.type === 'finished' ||
    fact.type === 'detached' ||
    fact.type === 'kept' ||
    fact.type === 'log_excerpt' ||
    fact.type === 'request_cancelled' ||
    (fact.type === 'build_finished' && fact.results > 1);
  return appending(write, (fact) => (isTold(fact) ? plainLines(fact) : []));
}

export function eventsFace(write: WriteLine): Face {
  return appending(write, (fact) => [eventLine(fact)]);
}

export function jsonFace(write: WriteLine, now: () => number): Face {
  return {
    update: () => {},
    end: async (state, exitCode) =>
      write(JSON.stringify(finalObject(tryView(state, now()), factsOf(state), exitCode), null, 2)),
  };
}
