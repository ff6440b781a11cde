import { EVERYTHING, type Filter } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyQuery, type Row } from './apply-query.ts';

const rows: Row[] = [
  { id: 1, name: 'linux', results: null, tags: ['a', 'b'] },
  { id: 2, name: 'windows', results: 0, tags: [] },
  { id: 3, name: 'linux-arm', results: 2, tags: ['b'] },
];

function idsWhere(filter: Filter): unknown[] {
  return applyQuery(rows, { ...EVERYTHING, filters: [filter] }).rows.map((row) => row.id);
}

describe('applyQuery', () => {
  it.each<[string, Filter, number[]]>([
    ['equals one', { field: 'name', operator: 'eq', values: ['linux'] }, [1]],
    ['equals any', { field: 'id', operator: 'eq', values: [1, 3] }, [1, 3]],
    ['is in', { field: 'id', operator: 'in', values: [2] }, [2]],
    ['is none of', { field: 'id', operator: 'ne', values: [1, 2] }, [3]],
    ['is not in', { field: 'id', operator: 'notin', values: [3] }, [1, 2]],
    ['is less, and null is not', { field: 'results', operator: 'lt', values: [2] }, [2]],
    ['is at most', { field: 'results', operator: 'le', values: [2] }, [2, 3]],
    ['is more', { field: 'results', operator: 'gt', values: [0] }, [3]],
    ['is at least', { field: 'results', operator: 'ge', values: [0] }, [2, 3]],
    ['contains text', { field: 'name', operator: 'contains', values: ['arm'] }, [3]],
    ['contains a member', { field: 'tags', operator: 'contains', values: ['a', 'x'] }, [1]],
  ])('keeps what %s', (_, filter, expected) => {
    expect(idsWhere(filter)).toEqual(expected);
  });

  it('sorts null first, and last when descending', () => {
    const order = (descending: boolean) =>
      applyQuery(rows, { ...EVERYTHING, order: [{ field: 'results', descending }] }).rows.map(
        (row) => row.id,
      );
    expect(order(false)).toEqual([1, 2, 3]);
    expect(order(true)).toEqual([3, 2, 1]);
  });

  it('pages after filtering and ordering, and counts before paging', () => {
    const query = { ...EVERYTHING, order: [{ field: 'id', descending: true }], limit: 1, offset: 1 };
    expect(applyQuery(rows, query)).toEqual({ rows: [rows[1]], total: 3 });
  });

  it('gives the same rows page by page as at once', () => {
    const numbers = fc.array(fc.record({ a: fc.option(fc.integer({ min: 0, max: 3 })), b: fc.integer() }));
    fc.assert(
      fc.property(numbers, fc.integer({ min: 1, max: 5 }), (all, size) => {
        const order = [{ field: 'a', descending: true }];
        const whole = applyQuery(all, { ...EVERYTHING, order }).rows;
        const pages = [];
        for (let offset = 0; offset < all.length; offset += size) {
          pages.push(...applyQuery(all, { ...EVERYTHING, order, limit: size, offset }).rows);
        }
        expect(pages).toEqual(whole);
      }),
    );
  });
});
