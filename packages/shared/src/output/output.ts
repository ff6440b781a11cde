/** Every schema that JSON on standard output of `buildbot` may name, by that name. */
import type * as z from 'zod';
import { farmEventSchema, tryEventSchema } from './events.ts';
import {
  BUILDERS_SCHEMA,
  DONE_SCHEMA,
  DRY_RUN_SCHEMA,
  FARM_EVENT_SCHEMA,
  FARM_SCHEMA,
  TRY_EVENT_SCHEMA,
  TRY_SCHEMA,
  WORKERS_SCHEMA,
} from './names.ts';
import {
  buildersOutputSchema,
  doneOutputSchema,
  dryRunOutputSchema,
  farmOutputSchema,
  tryOutputSchema,
  workersOutputSchema,
} from './objects.ts';

export const OUTPUT_SCHEMAS: ReadonlyMap<string, z.ZodType> = new Map<string, z.ZodType>([
  [TRY_SCHEMA, tryOutputSchema],
  [TRY_EVENT_SCHEMA, tryEventSchema],
  [DRY_RUN_SCHEMA, dryRunOutputSchema],
  [FARM_SCHEMA, farmOutputSchema],
  [FARM_EVENT_SCHEMA, farmEventSchema],
  [BUILDERS_SCHEMA, buildersOutputSchema],
  [WORKERS_SCHEMA, workersOutputSchema],
  [DONE_SCHEMA, doneOutputSchema],
]);
