import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from './heap.ts';

test('gives back what was put in, least first, between any pushes', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer())), (operations) => {
      const heap = new Heap<number>((a, b) => a - b);
      let model: number[] = [];
      for (const value of operations) {
        if (value !== null) {
          heap.push(value);
          model.push(value);
          model.sort((a, b) => a - b);
          continue;
        }
        expect(heap.peek()).toBe(model[0]);
        expect(heap.pop()).toBe(model[0]);
        model = model.slice(1);
      }
      expect(heap.size).toBe(model.length);
      expect(model.map(() => heap.pop())).toEqual(model);
    }),
  );
});
