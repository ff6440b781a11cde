import type { Properties } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromSource, interpolate, mergeProperties } from './properties.ts';

const properties: Properties = {
  branch: ['main', 'Build'],
  empty: ['', 'Build'],
  count: [3, 'Build'],
  list: [['a', 1], 'Build'],
  nothing: [null, 'Build'],
};

test.each([
  ['git %(prop:branch)s', 'git main'],
  ['%(prop:count)s %(prop:list)s', '3 ["a",1]'],
  ['[%(prop:missing)s]', '[]'],
  ['%(prop:missing:-dev)s', 'dev'],
  ['%(prop:missing:-)s', ''],
  ['[%(prop:empty:-dev)s][%(prop:nothing:-dev)s]', '[][]'],
  ['100%% of %(prop:branch)s', '100% of main'],
  ['%%(prop:branch)s', '%(prop:branch)s'],
  ['100% %(other)s %(prop:branch', '100% %(other)s %(prop:branch'],
  ['%(prop:toString)s%(prop:__proto__:-none)s', 'none'],
])('%s gives %s', (template, text) => {
  expect(interpolate(template, properties)).toBe(text);
});

test('text without references is untouched', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('%')),
      (text) => {
        expect(interpolate(text, properties)).toBe(text);
      },
    ),
  );
});

test('a value that looks like a reference is not filled in again', () => {
  expect(interpolate('%(prop:a)s', { a: ['%(prop:b)s', 'try build'], b: ['secret', 'Build'] })).toBe(
    '%(prop:b)s',
  );
});

test('the later source wins', () => {
  const merged = mergeProperties(fromSource({ a: 1, b: 1 }, 'Builder'), fromSource({ b: 2 }, 'try build'));
  expect(merged).toEqual({ a: [1, 'Builder'], b: [2, 'try build'] });
});
