/**
 * What the JSON on standard output of `buildbot` is made of (`docs/output.md`). The schemas are for documentation and
 * tests; the command line takes their types alone, since zod would cost it 80 ms.
 */
import * as z from 'zod';
import { resultsSchema } from '../model/results-schema.ts';

export const id = z.number().int();
export const count = z.number().int().nonnegative();
/** Exit codes are those of `buildbot try`. */
export const exitCode = z.number().int().min(0).max(255).describe('How it ended, as in try.md.');

export const atMs = z.number().int().describe('Epoch milliseconds.');
export const durationMs = z.number().int().nonnegative().describe('Milliseconds.');

/** Who only reads a list never minds that nobody may change it. */
export function list<T extends z.ZodType>(item: T) {
  return z.array(item).readonly();
}

/** Of a build, a step or a request that has ended. */
export const ended = {
  results: resultsSchema.describe("Buildbot's code, 0 to 6."),
  result: z.string().describe('Its name.'),
};

/** Of what may not have ended. */
export const endedOrNot = {
  results: resultsSchema.nullable(),
  result: z.string().nullable(),
};

export const rangeSchema = z
  .object({ low: z.number().int(), middle: z.number().int(), high: z.number().int() })
  .describe(
    'Milliseconds: the middle value of past successful builds, and the range that held 80 % of them.',
  );

/** How long it will take; null with fewer than three past builds. */
export const estimated = {
  left: rangeSchema.nullable().describe('What is left from now on.'),
  estimate: rangeSchema.nullable().describe('How long the whole takes from its start.'),
  samples: count.describe('Past builds behind it.'),
};

export const errorSchema = z.object({ message: z.string(), hint: z.string().nullable() });

/** In place of a result. */
export const failed = { exitCode, error: errorSchema.describe('Why there is no result.') };
