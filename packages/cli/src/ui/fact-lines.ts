/** Facts as lines of the scrollback: the words of the plain face with colour, and without what the live block shows. */
import type { Fact } from '../view/facts.ts';
import { plainLines } from '../view/renderers/plain.ts';
import { type Line, type Look, span } from './line.ts';

/** The lines for the scrollback; none for a fact that only the live block shows. */
export function factLines(fact: Fact): Line[] {
  if (isOnlyLive(fact)) return [];
  const look = lookOf(fact);
  const commands = new Set('commands' in fact ? fact.commands : []);
  return plainLines(fact).map((text, index) => {
    if (index === 0) return [span(text, look)];
    return [span(text, commands.has(text.replace(/^ *\$ /, '')) ? { color: 'cyan' } : moreOf(fact))];
  });
}

/** Of the lines below the first. */
function moreOf(fact: Fact): Look {
  return { dim: !['log_excerpt', 'step_failure', 'detached'].includes(fact.type) };
}

/** What goes on is seen in the live block, as is that a step ended well; as lines they would bury what matters. */
function isOnlyLive(fact: Fact): boolean {
  if (fact.type === 'step_finished') return fact.results === 0;
  return fact.type === 'step_started' || fact.type === 'no_contact';
}

function lookOf(fact: Fact): Look {
  if ('results' in fact) return lookOfResults(fact.results);
  switch (fact.type) {
    case 'snapshot':
    case 'queued':
      return { color: 'green' };
    case 'link_lost':
    case 'detached':
    case 'stopping':
    case 'worker_away':
      return { color: 'yellow' };
    case 'request_shelved':
      return { color: 'magenta' };
    case 'finished':
      return { bold: true };
    default:
      return {};
  }
}

export function lookOfResults(results: number | null): Look {
  switch (results) {
    case null:
      return { color: 'cyan' };
    case 0:
      return { color: 'green' };
    case 1:
      return { color: 'yellow' };
    case 3:
      return { dim: true };
    case 4:
    case 5:
      return { color: 'magenta' };
    default:
      return { color: 'red' };
  }
}
