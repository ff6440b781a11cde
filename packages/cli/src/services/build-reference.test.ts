import { UserError } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildSetOf, nameOfBuild, parseBuildReference, pathOfBuild } from './build-reference.ts';

describe('the name of a build', () => {
  it.each([
    ['17', 'builds/17', '17'],
    ['linux/12', 'builders/linux/builds/12', 'linux/12'],
    ['my builder/3', 'builders/my%20builder/builds/3', 'my builder/3'],
    ['https://ci.example/#/builders/2/builds/5', 'builders/2/builds/5', '2/5'],
    ['https://ci.example/#/builders/a%2Fb/builds/5', 'builders/a%2Fb/builds/5', 'a/b/5'],
    ['http://h:8010/api/v2/builds/17/steps', 'builds/17', '17'],
    ['http://h/api/v2/builds/17?field=x', 'builds/17', '17'],
  ])('%s leads to %s', (text, path, name) => {
    const reference = parseBuildReference(text);
    expect([pathOfBuild(reference), nameOfBuild(reference)]).toEqual([path, name]);
  });

  it.each([
    '',
    'linux',
    '-1',
    '1.5',
    '1e3',
    'a/b/3',
    '../1',
    './1',
    'https://h/#/builders/%2e%2e/builds/5',
    '/12',
    'linux/',
    '9007199254740993000',
    'http://h/',
    'https://h/#/builders/%zz/builds/5',
  ])('%j is none', (text) => {
    expect(() => parseBuildReference(text)).toThrow(UserError);
  });

  it('never leads out of the API, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (builder, number) => {
        const text = `${builder.replaceAll('/', '')}/${number}`;
        fc.pre(!/^(?:|\.{1,2})\/\d+$/.test(text));
        expect(pathOfBuild(parseBuildReference(text))).toMatch(/^builders\/[^/?#]+\/builds\/\d+$/);
      }),
    );
  });
});

it("a build set's number comes out of Buildbot's answer, or it is no answer", () => {
  expect(buildSetOf([7, { 1: 11 }])).toBe(7);
  for (const answer of [null, {}, [], ['7']]) expect(() => buildSetOf(answer)).toThrow(UserError);
});
