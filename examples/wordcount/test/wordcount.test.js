import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, mostFrequent } from '../src/wordcount.js';

const POEM = 'Rose is a rose\nis a rose is a rose.\n';

test('counts lines, words and bytes', () => {
  assert.deepEqual(count(POEM), { lines: 2, words: 10, bytes: 36 });
});

test('counts nothing in an empty text', () => {
  assert.deepEqual(count(''), { lines: 0, words: 0, bytes: 0 });
});

test('counts bytes, not characters', () => {
  assert.equal(count('né').bytes, 3);
});

test('finds the most frequent words, whatever their case', () => {
  assert.deepEqual(mostFrequent(POEM, 2), [
    { word: 'rose', times: 4 },
    { word: 'a', times: 3 },
  ]);
});

test('breaks ties by alphabet', () => {
  assert.deepEqual(
    mostFrequent('b a c', 3).map(({ word }) => word),
    ['a', 'b', 'c'],
  );
});
