/** Draws laid-out lines: one `<Text>` each, for React's work grows with the number of elements. */
import { Box, Text } from 'ink';
import type { ReactElement } from 'react';
import type { Line } from './line.ts';

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
  return (
    <Text wrap="truncate">
      {line.map(({ text, color, dim, bold }, index) => (
        <Text
          // biome-ignore lint/suspicious/noArrayIndexKey: spans of a line have no identity but their place
          key={index}
          {...(color === undefined ? {} : { color })}
          dimColor={dim ?? false}
          bold={bold ?? false}
        >
          {text}
        </Text>
      ))}
    </Text>
  );
}
