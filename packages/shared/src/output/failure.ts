/** Why a step failed and whose failure it is, as programs read it. */
import * as z from 'zod';
import { MARKS } from '../model/tests.ts';
import { count, list } from './parts.ts';

const mark = z.enum(MARKS).describe('Whose failure it is, as far as past builds tell.');
const place = {
  path: z.string().nullable().describe('Where in the source.'),
  line: z.number().int().nullable(),
};

export const failureSchema = z.object({
  mark: mark.nullable().describe('Of the step as a whole; null when it came to no verdict.'),
  ...place,
  testsFailed: count,
  marks: z.record(mark, count).describe('How many failed tests have which mark.'),
  tests: list(
    z.object({
      name: z.string(),
      ...place,
      mark,
      message: list(z.string()).describe('At most twenty lines.'),
    }),
  ).describe('At most a hundred, new ones first.'),
});
/** Texts in it are fit for a terminal. */
export type StepFailure = z.infer<typeof failureSchema>;
