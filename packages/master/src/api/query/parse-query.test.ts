import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApiError } from '../http/api-error.ts';
import { RESOURCE_TYPES } from '../resources.ts';
import { parseQuery, parseSingleQuery, wholeNumber } from './parse-query.ts';

const builds = RESOURCE_TYPES.builds.fields;
const parse = (text: string, fields = builds) => parseQuery(new URLSearchParams(text), fields);
const refusal = (text: string, fields = builds) => {
  try {
    parse(text, fields);
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.message}`;
    throw error;
  }
  return null;
};

describe('parseQuery', () => {
  it('reads paging, order, selection and properties', () => {
    const { query, fields, properties } = parse(
      'limit=5&offset=10&order=-number&order=buildid&field=number&field=buildid&field=properties&property=owner&property=owner',
    );
    expect(query).toEqual({
      filters: [],
      order: [
        { field: 'number', descending: true },
        { field: 'buildid', descending: false },
      ],
      limit: 5,
      offset: 10,
    });
    expect([...(fields ?? [])]).toEqual(['number', 'buildid', 'properties']);
    expect(properties).toEqual(['owner']);
  });

  it('takes a repeated field as one of its values', () => {
    expect(parse('results=2&results=4').query.filters).toEqual([
      { field: 'results', operator: 'eq', values: [2, 4] },
    ]);
  });

  it.each(['on', 'TRUE', 'yes', '1'])('reads %s as true', (text) => {
    expect(parse(`complete=${text}`).query.filters[0]?.values).toEqual([true]);
  });

  it.each(['off', 'False', 'no', '0'])('reads %s as false', (text) => {
    expect(parse(`complete=${text}`).query.filters[0]?.values).toEqual([false]);
  });

  it('compares a list field by its members', () => {
    expect(parse('masterids=1', RESOURCE_TYPES.builders.fields).query.filters).toEqual([
      { field: 'masterids', operator: 'contains', values: [1] },
    ]);
  });

  it('passes over an operator that nobody knows, and over an order comparison with several values', () => {
    expect(parse('number__bogus=1').query.filters).toEqual([]);
    expect(parse('number__lt=1&number__lt=2').query.filters).toEqual([]);
  });

  it.each([
    ['foo=1', "400 unrecognized query parameter 'foo'"],
    ['limit[]=1', "400 unrecognized query parameter 'limit[]'"],
    ['nope__eq=1', "400 unrecognized query parameter 'nope__eq'"],
    ['__proto__=1', "400 unrecognized query parameter '__proto__'"],
    ['constructor=1', "400 unrecognized query parameter 'constructor'"],
    ['limit=-1', '400 invalid limit'],
    ['limit=1e9', '400 invalid limit'],
    ['limit=abc', '400 invalid limit'],
    ['limit=1&limit=2', '400 invalid limit'],
    ['offset=1.5', '400 invalid offset'],
    ['field=nope', "400 no such field 'nope'"],
    ['order=-nope', "400 no such field 'nope'"],
    ['order=-(select 1)', "400 no such field '(select 1)'"],
    ['results=abc', '400 invalid filter value for results'],
    ['results=9007199254740993', '400 invalid filter value for results'],
    ['complete=perhaps', '400 invalid filter value for complete'],
    ['complete=constructor', '400 invalid filter value for complete'],
    ['properties=1', "400 cannot filter on field 'properties'"],
    ['order=properties', "400 cannot order on field 'properties'"],
    ['field=number&results=1', '400 cannot filter on un-selected fields'],
    ['field=number&order=results', '400 cannot order on un-selected fields'],
  ])('refuses %s', (text, expected) => {
    expect(refusal(text)).toBe(expected);
  });

  it('answers every text with a query over known fields or with a 400', () => {
    const words = fc.constantFrom(
      'limit',
      'offset',
      'order',
      'field',
      'property',
      'number',
      'complete',
      '__',
      'results__ne',
      '=',
      '&',
      '%00',
      '-',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.oneof(words, fc.string())).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (input) => {
        try {
          const { query } = parse(input);
          for (const { field, values } of query.filters) {
            expect(builds.has(field)).toBe(true);
            expect(values.length).toBeGreaterThan(0);
          }
          for (const { field } of query.order) expect(builds.has(field)).toBe(true);
          expect(query.offset).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ApiError);
          expect((error as ApiError).status).toBe(400);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('parseSingleQuery', () => {
  it('lets an object be narrowed to fields, and refuses any filter', () => {
    expect(parseSingleQuery(new URLSearchParams('field=number'), builds).fields).toEqual(new Set(['number']));
    expect(() => parseSingleQuery(new URLSearchParams('number=1'), builds)).toThrow(
      'this is not a collection',
    );
  });
});

describe('wholeNumber', () => {
  it.each(['', '-1', '1.5', '1e3', '0x10', ' 1', '٣', '9007199254740993', '1\n'])('refuses %j', (text) => {
    expect(wholeNumber(text)).toBeNull();
  });

  it('reads decimal digits', () => {
    expect([wholeNumber('0'), wholeNumber('007'), wholeNumber('999999999999999')]).toEqual([
      0, 7, 999999999999999,
    ]);
  });
});
