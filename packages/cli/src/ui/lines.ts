/** Draws laid-out lines: one `<Text>` each, for React's work grows with the number of elements. */
import { Box, Text } from 'ink';
import { createContext, createElement, type ReactElement, useContext } from 'react';
import type { Line } from './line.ts';

/** Whether colours may be shown; bold and dim always may. */
export const Colour = createContext(true);

/** Children by position, not by key: a row of the screen, and a span of a row, is its place and nothing else. */
export function Lines({ lines }: { lines: readonly Line[] }): ReactElement {
  const rows = lines.map((line) => createElement(LineText, { line }));
  return createElement(Box, { flexDirection: 'column' }, ...rows);
}

export function LineText({ line }: { line: Line }): ReactElement {
  const allowsColour = useContext(Colour);
  const spans = line.map(({ text, color, dim = false, bold = false }) => {
    const colour = color === undefined || !allowsColour ? {} : { color };
    return createElement(Text, { ...colour, dimColor: dim, bold }, text);
  });
  return createElement(Text, { wrap: 'truncate' }, ...spans);
}
