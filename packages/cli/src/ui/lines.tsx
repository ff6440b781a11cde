/** Draws laid-out lines: one `<Text>` each, for React's work grows with the number of elements. */
import { Box, Text } from 'ink';
import { createContext, type ReactElement, useContext } from 'react';
import type { Line } from './line.ts';

/** Whether colours may be shown; bold and dim always may. */
export const Colour = createContext(true);

export function Lines({ lines }: { lines: readonly Line[] }): ReactElement {
  return (
    <Box flexDirection="column">
      {lines.map((line, row) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a row of the screen is its position and nothing else
        <LineText key={row} line={line} />
      ))}
    </Box>
  );
}

export function LineText({ line }: { line: Line }): ReactElement {
  const allowsColour = useContext(Colour);
  return (
    <Text wrap="truncate">
      {line.map(({ text, color, dim, bold }, index) => (
        <Text
          // biome-ignore lint/suspicious/noArrayIndexKey: spans of a line have no identity but their place
          key={index}
          {...(color === undefined || !allowsColour ? {} : { color })}
          dimColor={dim ?? false}
          bold={bold ?? false}
        >
          {text}
        </Text>
      ))}
    </Text>
  );
}
