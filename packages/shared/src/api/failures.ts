/** The failure digest: all that says why a build failed and whose failure it is, small enough to be read at a glance. */
import * as z from 'zod';
import { resultsSchema } from '../model/results.ts';
import { MARKS } from '../model/tests.ts';

const id = z.number().int();
const mark = z.enum(MARKS);

const failedTestSchema = z.object({
  name: z.string(),
  /** Where in the source, as far as the report tells. */
  path: z.string().nullable(),
  line: z.number().int().nullable(),
  mark,
  /** What went wrong, at most twenty lines. */
  message: z.array(z.string()),
});

const failedStepSchema = z.object({
  stepid: id,
  number: z.number().int(),
  name: z.string(),
  results: resultsSchema,
  state_string: z.string(),
  /** Of the step as a whole; null when it came to no verdict. */
  mark: mark.nullable(),
  /** How many of its tests failed. */
  tests_failed: z.number().int(),
  /** At most a hundred of them: new ones first, then those of which nothing is known. */
  tests: z.array(failedTestSchema),
  /** How many failed tests have which mark. */
  marks: z.record(mark, z.number().int()),
  /** The log that the lines are of; null for none. */
  log: z.object({ logid: id, name: z.string(), slug: z.string() }).nullable(),
  /** Place in the source that the first error in the log names. */
  path: z.string().nullable(),
  line: z.number().int().nullable(),
  /** At most twenty lines of the log, without control characters. Numbers count from 0. */
  lines: z.array(z.object({ number: z.number().int(), text: z.string() })),
});

/** `GET builds/ID/failure_digest`, plural key `failure_digests`. */
export const failureDigestResourceSchema = z.object({
  buildid: id,
  builderid: id,
  builder: z.string(),
  number: z.number().int(),
  /** Failed steps in their order; none of a build in which nothing failed so far. */
  steps: z.array(failedStepSchema),
});
export type FailureDigestResource = z.infer<typeof failureDigestResourceSchema>;
export type FailedStepResource = z.infer<typeof failedStepSchema>;
