import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareWanted, type KnownState, type Wanted } from './compare.ts';

const key = fc.integer({ min: 1, max: 8 }).map((id) => `${id}.1.0.0`);
const wantedList = fc.array(
  key.map((key): Wanted => ({ key, command: { kind: 'stat', builddir: 'b', path: '' } })),
  { maxLength: 10 },
);
const knownMap = fc
  .array(fc.tuple(key, fc.constantFrom<KnownState>('running', 'ended')), { maxLength: 10 })
  .map((entries) => new Map(entries));

test('starts what is wanted and unknown, once, and ends what runs unwanted', () => {
  fc.assert(
    fc.property(wantedList, knownMap, (wanted, known) => {
      const { start, stop } = compareWanted(wanted, known);
      const wantedKeys = new Set(wanted.map((entry) => entry.key));
      const unknown = [...wantedKeys].filter((key) => !known.has(key));
      expect(new Set(start.map((entry) => entry.key))).toEqual(new Set(unknown));
      expect(new Set(start.map((entry) => entry.key)).size).toBe(start.length);
      for (const [key, state] of known)
        expect(stop.includes(key)).toBe(state === 'running' && !wantedKeys.has(key));
    }),
  );
});

test('a second comparison right after the first has nothing left to start', () => {
  fc.assert(
    fc.property(wantedList, knownMap, (wanted, known) => {
      for (const { key } of compareWanted(wanted, known).start) known.set(key, 'running');
      expect(compareWanted(wanted, known).start).toEqual([]);
    }),
  );
});
