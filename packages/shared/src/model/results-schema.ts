/** The schema of result codes, apart from `results.ts` so that what only names results does not load zod (25 ms). */
import * as z from 'zod';

export const resultsSchema = z.union([
  z.literal(0),
  z.literal(1),
  z.literal(2),
  z.literal(3),
  z.literal(4),
  z.literal(5),
  z.literal(6),
]);
