import fc from 'fast-check';
import { expect, it } from 'vitest';
import { toldJson } from './told-json.ts';

it('makes the same text as JSON.stringify, of whatever is told', () => {
  const body = fc.dictionary(fc.string(), fc.jsonValue());
  fc.assert(
    fc.property(fc.string(), body, fc.option(fc.nat(), { nil: undefined }), (k, m, n) => {
      const told = n === undefined ? { k, m } : { k, m, n };
      expect(toldJson(told)).toBe(JSON.stringify(told));
    }),
  );
  expect(toldJson({ resync: true, n: 7 })).toBe('{"resync":true,"n":7}');
});

it('puts a body into words once, for however many it is told to', () => {
  let asked = 0;
  const m = {
    toJSON: () => {
      asked++;
      return { buildid: 1 };
    },
  };
  const texts = [
    toldJson({ k: 'builds/1/new', m, n: 1 }),
    toldJson({ k: 'builders/1/builds/1/new', m, n: 1 }),
  ];
  expect(texts).toEqual([
    '{"k":"builds/1/new","m":{"buildid":1},"n":1}',
    '{"k":"builders/1/builds/1/new","m":{"buildid":1},"n":1}',
  ]);
  expect(asked).toBe(1);
});
