import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Spool } from '../spool/spool.ts';
import { Sender } from './sender.ts';

test('never more than the window is under way, everything goes out once and in order', () => {
  const step = fc.oneof(
    fc.record({ append: fc.integer({ min: 1, max: 200 }) }),
    fc.record({ ack: fc.double({ min: 0, max: 1, noNaN: true }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), fc.integer({ min: 1, max: 300 }), (steps, window) => {
      const folder = mkdtempSync(join(tmpdir(), 'sender-'));
      const spool = new Spool({ folder, limitBytes: 1e6 });
      const sent: number[] = [];
      const sizes: number[] = [];
      const sender = new Sender({ spool, window, send: (bytes) => sent.push(bytes.length) });
      for (const action of steps) {
        if ('append' in action) {
          sizes.push(action.append);
          spool.append(true, () => new Uint8Array(action.append));
          sender.pump();
        } else {
          const seq = spool.ackedSeq + Math.floor((sender.sentSeq - spool.ackedSeq) * action.ack);
          spool.ack(seq);
          sender.acked(seq);
        }
        const underWay = sent.slice(spool.ackedSeq);
        expect(underWay.length <= 1 || underWay.reduce((sum, bytes) => sum + bytes, 0) <= window).toBe(true);
        expect(sent.length === sizes.length || underWay.length > 0).toBe(true);
      }
      expect(sent).toEqual(sizes.slice(0, sent.length));
      spool.discard();
      rmSync(folder, { recursive: true });
    }),
    { numRuns: 60 },
  );
});
