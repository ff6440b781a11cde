/**
 * What Ink does not know of a narrowed window: terminals wrap the rows of the frame that stands there, so that it takes
 * more rows than Ink is going to erase. The rows that were won are erased here, before Ink erases the rest.
 */
import { useEffect } from 'react';
import { type Line, lineWidth } from './line.ts';

/** The frame on the screen, told by whoever draws it. */
export interface Frame {
  /** Cells of each row. */
  widths: readonly number[];
}

/** How many rows more a frame takes in a window of `columns`. */
export function wonRows({ widths }: Frame, columns: number): number {
  return widths.reduce((sum, width) => sum + Math.max(0, Math.ceil(width / Math.max(1, columns)) - 1), 0);
}

/** Tells the frame what is drawn. */
export function useFrame(frame: Frame, lines: readonly Line[]): void {
  useEffect(() => {
    frame.widths = lines.map(lineWidth);
  });
}

/** Has to listen before Ink does. Gives the function that stops it. */
export function eraseWonRows(stdout: NodeJS.WriteStream, frame: Frame): () => void {
  let { columns } = stdout;
  const onResize = () => {
    const won = stdout.columns < columns ? wonRows(frame, stdout.columns) : 0;
    columns = stdout.columns;
    // One row up and erased, as often as needed: the cursor stands below the frame.
    if (won > 0) stdout.write('\u001b[1A\u001b[2K'.repeat(won));
  };
  stdout.on('resize', onResize);
  return () => void stdout.off('resize', onResize);
}
