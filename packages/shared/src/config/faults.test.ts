import { expect, test } from 'vitest';
import * as z from 'zod';
import { checkData, formatPath } from './faults.ts';

const schema = z
  .strictObject({
    name: z.string().min(1).max(3),
    long: z.string().min(3),
    count: z.number().int().min(2).max(4),
    positive: z.number().positive(),
    flag: z.boolean(),
    list: z.array(z.string()).min(1).max(2),
    mode: z.enum(['full', 'incremental', 'none']),
    env: z.record(z.string().regex(/^[A-Z]+$/, 'not a name'), z.string()),
    either: z.union([z.array(z.string()), z.strictObject({ tags: z.array(z.string()) })]),
    own: z.string('give it a text'),
    kind: z.discriminatedUnion('type', [
      z.strictObject({ type: z.literal('try') }),
      z.strictObject({ type: z.literal('force'), depth: z.number() }),
    ]),
  })
  .partial();

/** `PATH: MESSAGE (HINT)` of each fault. */
function faultsOf(data: unknown): string[] {
  const checked = checkData(schema, data);
  if (checked.ok) return [];
  return checked.faults.map(
    ({ path, message, hint }) => `${formatPath(path)}: ${message}${hint === null ? '' : ` (${hint})`}`,
  );
}

test.each<[unknown, string]>([
  [{ name: 7 }, 'name: expected a text, found a number'],
  [{ name: null }, 'name: expected a text, found nothing'],
  [{ name: '' }, 'name: must not be empty'],
  [{ name: 'long' }, 'name: must have at most 3 characters'],
  [{ long: 'ab' }, 'long: must have at least 3 characters'],
  [{ count: 1.5 }, 'count: expected a whole number, found a number'],
  [{ count: 1 }, 'count: must be at least 2'],
  [{ count: 5 }, 'count: must be at most 4'],
  [{ positive: 0 }, 'positive: must be more than 0'],
  [{ flag: 'yes' }, 'flag: expected true or false, found a text'],
  [{ list: [] }, 'list: needs at least one'],
  [{ list: ['a', 'b', 'c'] }, 'list: takes at most 2'],
  [{ list: { a: 1 } }, 'list: expected a list, found keys with values'],
  [{ mode: 'ful' }, 'mode: expected full, incremental or none, found "ful" (did you mean "full"?)'],
  [{ mode: 3 }, 'mode: expected full, incremental or none, found a number'],
  [{ env: { a: 'x' } }, 'env.a: not a name'],
  [{ either: 7 }, 'either: expected a list or keys with values, found a number'],
  [{ either: [7] }, 'either[0]: expected a text, found a number'],
  [{ either: { tgas: [] } }, 'either.tgas: unknown key (did you mean "tags"?)'],
  [{ own: 7 }, 'own: give it a text'],
  [{ kind: {} }, 'kind.type: is missing'],
  [{ kind: { type: 'tyr' } }, 'kind.type: expected try or force, found "tyr" (did you mean "try"?)'],
  [{ kind: { type: 'force' } }, 'kind.depth: is missing'],
  [{ flga: true }, 'flga: unknown key (did you mean "flag"?)'],
  ['text', ': expected keys with values, found a text'],
])('%j is told as one sentence of our own', (data, expected) => {
  expect(faultsOf(data)).toEqual([expected]);
});

test('all that is wrong is told', () => {
  expect(faultsOf({ name: 7, list: [1, 2], nmae: 1 })).toHaveLength(4);
});
