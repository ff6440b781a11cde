/** Texts filled to a width in terminal columns. */
import { displayWidth, truncateToWidth } from '@buildbot/shared';

/** Exactly `columns` wide: cut, or filled with spaces. */
export function fit(text: string, columns: number): string {
  const short = truncateToWidth(text, Math.max(0, columns));
  return short + ' '.repeat(Math.max(0, columns - displayWidth(short)));
}
