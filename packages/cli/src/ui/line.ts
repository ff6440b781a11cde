/** A line of a screen as data: spans with their looks, laid out by pure functions and drawn by one `<Text>`. */
import { displayWidth, truncateToWidth } from '@buildbot/shared';

export interface Look {
  color?: 'green' | 'red' | 'yellow' | 'cyan' | 'magenta';
  dim?: boolean;
  bold?: boolean;
}

export interface Span extends Look {
  text: string;
}

export type Line = readonly Span[];

export function span(text: string, look: Look = {}): Span {
  return { text, ...look };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + displayWidth(text), 0);
}

/** The line without what does not fit into `width` cells. */
export function cutLine(line: Line, width: number): Line {
  const kept: Span[] = [];
  let left = width;
  for (const part of line) {
    if (left <= 0) break;
    const text = truncateToWidth(part.text, left);
    kept.push({ ...part, text });
    left -= displayWidth(text);
  }
  return kept;
}

/** The text alone, for tests and for faces without looks. */
export function textOf(line: Line): string {
  return line.map(({ text }) => text).join('');
}
