import { UserError } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBuildReference, parseTryReference } from './build-reference.ts';

describe('the name of a build', () => {
  it.each([
    ['17', { buildId: 17 }],
    ['#12', { number: 12 }],
    ['linux', { builder: 'linux' }],
    ['linux/12', { builder: 'linux', number: 12 }],
    ['my builder/3', { builder: 'my builder', number: 3 }],
    ['https://ci.example/#/builders/2/builds/5', { builder: '2', number: 5 }],
    ['https://ci.example/#/builders/a%20b/builds/5', { builder: 'a b', number: 5 }],
    ['https://ci.example/#/builders/linux', { builder: 'linux' }],
    ['http://h:8010/api/v2/builds/17/steps', { buildId: 17 }],
    ['http://h/api/v2/builds/17?field=x', { buildId: 17 }],
  ])('%s leads to %o', (text, reference) => {
    expect(parseBuildReference(text)).toEqual(reference);
  });

  it.each([
    '',
    'a/b/3',
    '../1',
    './1',
    '..',
    '/12',
    'linux/',
    '#x/1/2',
    'line\nbreak',
    '9007199254740993000',
    'http://h/',
    'https://h/#/builders/%2e%2e/builds/5',
    'https://h/#/builders/%2e%2e',
    'https://h/#/builders/%zz/builds/5',
  ])('%j is none', (text) => {
    expect(() => parseBuildReference(text)).toThrow(UserError);
  });

  it('leads to the builder and number that were written, or is refused, whatever is written', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (builder, number) => {
        fc.pre(!builder.includes('://'));
        try {
          expect(parseBuildReference(`${builder}/${number}`)).toEqual({ builder, number });
          expect(builder).not.toMatch(/^\.{0,2}$|\//);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
    );
  });
});

it('takes the id of a job for a try that has no number yet', () => {
  expect(parseTryReference('1795250843.271-1x9k2ab')).toEqual({ jobId: '1795250843.271-1x9k2ab' });
  expect(parseTryReference('linux-1.2')).toEqual({ builder: 'linux-1.2' });
});
