/** The graphs of docs/state-machines.md, as lists of arrows to compare with those that the code has. */
import { readFileSync } from 'node:fs';

const page = readFileSync(new URL('../../docs/state-machines.md', import.meta.url), 'utf8');

/** Arrows of one graph, without its beginning and end. */
export function graph(name: string): string[] {
  const text = page.split('```mermaid').find((part) => part.includes(`%% ${name}\n`)) ?? '';
  const lines = text.slice(0, text.indexOf('```')).split('\n');
  const arrows = lines.map((line) => line.trim()).filter((line) => line.includes('-->'));
  return arrows.filter((line) => !line.includes('[*]')).toSorted();
}

export function arrow(from: string, to: string, event: string, effects: readonly string[]): string {
  const label = effects.length === 0 ? event : `${event} / ${effects.join(', ')}`;
  return `${from} --> ${to} : ${label}`;
}
