import { zstdCompressSync } from 'node:zlib';
import type { LogFrame } from '@buildbot/shared';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeldCommand } from './held-command.ts';
import { NumberedMessages, type Taken } from './numbered-messages.ts';

const KEY = '1.1.0.0';
const OUTCOME = { status: 'lost', reason: 'x' } as const;

function setup(ackedSeq = 0) {
  const held = new HeldCommand({
    key: KEY,
    buildId: 1,
    command: { kind: 'stat', builddir: 'b', path: '' },
    logs: { stdio: 7 },
    blobs: {},
  });
  const foreign: string[] = [];
  const ended: unknown[] = [];
  const messages = new NumberedMessages({
    ackedSeq,
    held: new Map([[KEY, held]]),
    onEnded: (_held, outcome) => ended.push(outcome),
    onForeign: (key) => foreign.push(key),
  });
  return { messages, held, foreign, ended };
}

function log(change: Partial<LogFrame> = {}, text = 'hello\n'): [LogFrame, Uint8Array] {
  const length = Buffer.byteLength(text);
  const header: LogFrame = {
    ...{ type: 'log', seq: 1, key: KEY, log: 'stdio', offset: 0, length, newlines: 1, runs: [['o', length]] },
    ...change,
  };
  return [header, zstdCompressSync(Buffer.from(text))];
}

const kindOf = (taken: Taken) => (taken.kind === 'pending' ? taken.pending.effect.kind : taken.kind);

test('what belongs together becomes effects in order, with the ids that this master knows', () => {
  const { messages } = setup();
  expect(kindOf(messages.takeMessage({ type: 'started', seq: 1, key: KEY }))).toBe('started');
  const taken = messages.takeLog(...log({ seq: 2 }));
  expect(taken).toMatchObject({
    pending: { effect: { kind: 'log', buildId: 1, logId: 7, frame: { length: 6 } } },
  });
  expect(kindOf(messages.takeMessage({ type: 'ended', seq: 3, key: KEY, outcome: OUTCOME }))).toBe('ended');
});

test('a repeat has no effect, a gap is a breach', () => {
  const { messages } = setup(5);
  expect(kindOf(messages.takeMessage({ type: 'started', seq: 5, key: KEY }))).toBe('repeat');
  expect(kindOf(messages.takeMessage({ type: 'started', seq: 7, key: KEY }))).toBe('breach');
});

test.each([
  ['a gap in the bytes', log({ offset: 3 }), 'came after 0'],
  ['a log that was not declared', log({ log: 'secret' }), 'not declared'],
  ['a log called like an object’s own machinery', log({ log: 'constructor' }), 'not declared'],
  ['runs that do not add up', log({ runs: [['o', 5]] }), 'add up'],
  ['more line breaks than bytes', log({ newlines: 7 }), 'line breaks'],
  ['a length that is not the payload’s', log({ length: 7, runs: [['o', 7]] }), 'payload'],
  ['a payload that is not zstd', [log()[0], Buffer.from('plain text, not zstd')] as const, 'zstd'],
])('%s is a breach', (_name, [header, payload], reason) => {
  const taken = setup().messages.takeLog(header, payload);
  expect(taken).toMatchObject({ kind: 'breach', reason: expect.stringContaining(reason) });
});

test('overlapping bytes are a breach, also after a reconnect', () => {
  const { messages, held } = setup();
  const first = messages.takeLog(...log());
  expect(kindOf(messages.takeLog(...log({ seq: 2, offset: 3 })))).toBe('breach');
  if (first.kind === 'pending') first.pending.whenDurable();
  expect(held.logBytes.get('stdio')).toBe(6);
});

test('a second end, and anything after the end, counts but has no effect', () => {
  const { messages, foreign } = setup();
  messages.takeMessage({ type: 'ended', seq: 1, key: KEY, outcome: OUTCOME });
  expect(kindOf(messages.takeMessage({ type: 'ended', seq: 2, key: KEY, outcome: OUTCOME }))).toBe('skipped');
  expect(kindOf(messages.takeLog(...log({ seq: 3 })))).toBe('skipped');
  expect(foreign).toEqual([]);
});

test('row 9: a command of another worker is never touched, and what was tried is told of once', () => {
  const { messages, foreign, ended } = setup();
  const taken = messages.takeMessage({ type: 'ended', seq: 1, key: '2.1.0.0', outcome: OUTCOME });
  if (taken.kind === 'pending') taken.pending.whenDurable();
  expect(taken).toMatchObject({
    pending: { effect: { kind: 'stale', seq: 1, key: '2.1.0.0', what: 'ended' } },
  });
  expect(kindOf(messages.takeLog(...log({ seq: 2, key: '2.1.0.0' })))).toBe('skipped');
  expect(foreign).toEqual(['2.1.0.0']);
  expect(ended).toEqual([]);
});

test('whatever a worker sends, effects have consecutive numbers and log bytes no gap', () => {
  const message = fc.record({
    seq: fc.integer({ min: 0, max: 12 }),
    key: fc.constantFrom(KEY, '9.9.9.9'),
    kind: fc.constantFrom('started', 'ended', 'log'),
    offset: fc.constantFrom(0, 6, 12),
  });
  fc.assert(
    fc.property(fc.array(message, { maxLength: 40 }), (sent) => {
      const { messages, held } = setup();
      let lastSeq = 0;
      let bytes = 0;
      for (const { seq, key, kind, offset } of sent) {
        let taken: Taken;
        if (kind === 'log') taken = messages.takeLog(...log({ seq, key, offset }));
        else if (kind === 'started') taken = messages.takeMessage({ type: 'started', seq, key });
        else taken = messages.takeMessage({ type: 'ended', seq, key, outcome: OUTCOME });
        if (taken.kind === 'breach') return;
        if (taken.kind === 'repeat') continue;
        expect(taken.pending.effect.seq).toBe(++lastSeq);
        taken.pending.whenDurable();
        if (taken.pending.effect.kind === 'log') bytes += taken.pending.effect.frame.length;
        expect(held.logBytes.get('stdio') ?? 0).toBe(bytes);
      }
    }),
  );
});
