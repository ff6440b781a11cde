import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sseEvent, sseHeartbeat } from './sse.ts';

it('writes type, id and data', () => {
  expect(sseEvent({ event: 'ready', id: 3, data: { n: 3 } })).toBe('event: ready\nid: 3\ndata: {"n":3}\n\n');
  expect(sseEvent({ data: 1 })).toBe('data: 1\n\n');
});

it('moves the id on in a heartbeat that carries no event', () => {
  expect(sseHeartbeat(17)).toBe(': still here\nid: 17\n\n');
});

it('never lets data break out of its line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(
        sseEvent({ data: { text } })
          .trimEnd()
          .split(/\r\n|\r|\n/),
      ).toHaveLength(1);
    }),
  );
});
