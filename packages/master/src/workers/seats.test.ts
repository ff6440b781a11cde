import { expect, test } from 'vitest';
import { Seats } from './seats.ts';

test('the newest process has the place, and one that had it never gets it back', () => {
  const seats = new Seats();
  expect(['a', 'a', 'b', 'a', 'b', 'c', 'b', 'a', 'c'].map((bootId) => seats.take(bootId))).toEqual([
    true,
    true,
    true,
    false,
    true,
    true,
    false,
    false,
    true,
  ]);
});

test('any number of processes may come one after the other, and few are remembered', () => {
  const seats = new Seats();
  for (let index = 0; index < 1000; index++) expect(seats.take(`boot ${index}`)).toBe(true);
  expect(seats.take('boot 998')).toBe(false);
  expect(seats.take('boot 0')).toBe(true);
});
