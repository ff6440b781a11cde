/** The samples of `golden/v1.json` are what older workers and masters say. They are kept for ever: add, never edit. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseMessage } from './codec.ts';
import { decodeFrame, encodeFrame } from './frames.ts';
import {
  blobFrameSchema,
  logFrameSchema,
  type MasterMessage,
  masterMessageSchema,
  type WorkerMessage,
  workerMessageSchema,
} from './messages.ts';
import { negotiateVersion } from './version.ts';

interface Golden {
  workerMessages: WorkerMessage[];
  masterMessages: MasterMessage[];
  frames: { header: { type: string }; payloadHex: string; hex: string }[];
}

const golden: Golden = JSON.parse(readFileSync(new URL('./golden/v1.json', import.meta.url), 'utf8'));

describe('golden samples of protocol version 1', () => {
  test.each(golden.workerMessages)('$type from a worker is read as it was', (sample) => {
    expect(parseMessage(workerMessageSchema, JSON.stringify(sample))).toEqual({ ok: true, value: sample });
  });

  test.each(golden.masterMessages)('$type from a master is read as it was', (sample) => {
    expect(parseMessage(masterMessageSchema, JSON.stringify(sample))).toEqual({ ok: true, value: sample });
  });

  test.each(golden.frames)(
    'a $header.type frame has the same bytes as ever',
    ({ header, payloadHex, hex }) => {
      const payload = Buffer.from(payloadHex, 'hex');
      expect(Buffer.from(encodeFrame(header, payload)).toString('hex')).toBe(hex);
      const decoded = decodeFrame(Buffer.from(hex, 'hex'));
      if (!decoded.ok) throw new Error(decoded.reason);
      const schema = header.type === 'log' ? logFrameSchema : blobFrameSchema;
      expect(schema.parse(decoded.header)).toEqual(header);
      expect(Buffer.from(decoded.payload).toString('hex')).toBe(payloadHex);
    },
  );

  test.each([...golden.workerMessages, ...golden.masterMessages])(
    '$type with a key of a later version is read as without it',
    (sample) => {
      const schema = golden.workerMessages.includes(sample as WorkerMessage)
        ? workerMessageSchema
        : masterMessageSchema;
      const text = JSON.stringify({ ...sample, later: { than: 'this' } });
      expect(parseMessage<WorkerMessage | MasterMessage>(schema, text)).toEqual({ ok: true, value: sample });
    },
  );

  test('every kind of message has a sample', () => {
    const types = (messages: { type: string }[]) =>
      [...new Set(messages.map((message) => message.type))].sort();
    const known = (schema: { options: readonly { shape: { type: { value: string } } }[] }) =>
      schema.options.map((option) => option.shape.type.value).sort();
    expect(types(golden.workerMessages)).toEqual(known(workerMessageSchema));
    expect(types(golden.masterMessages)).toEqual(known(masterMessageSchema));
  });
});

test('a message with a hostile key, path or size is refused by name of the field', () => {
  const bad: [object, string][] = [
    [{ type: 'started', seq: -1, key: '1.1.1.1' }, 'seq'],
    [{ type: 'started', seq: 1, key: '../1' }, 'key'],
    [{ type: 'fetch', key: '1.1.1.1', blob: 'b', offset: 0, length: 300_000 }, 'length'],
    [{ type: 'constructor' }, 'type'],
  ];
  for (const [message, field] of bad) {
    const parsed = parseMessage(workerMessageSchema, JSON.stringify(message));
    expect(parsed.ok ? '' : parsed.reason).toContain(field);
  }
  for (const path of ['/etc', '../x', 'a/../b', 'a\\..\\b', 'a\0b']) {
    const start = { type: 'start', key: '1.1.1.1', command: { kind: 'remove', builddir: 'b', path } };
    expect(parseMessage(masterMessageSchema, JSON.stringify(start)).ok).toBe(false);
  }
});

test('no bytes make the readers throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, text) => {
      decodeFrame(bytes);
      parseMessage(workerMessageSchema, text);
      parseMessage(masterMessageSchema, text);
    }),
  );
});

test('frames survive the way out and back', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.uint8Array(), (value, payload) => {
      const decoded = decodeFrame(encodeFrame({ value }, payload));
      expect(decoded).toEqual({ ok: true, header: JSON.parse(JSON.stringify({ value })), payload });
    }),
  );
});

test('two ends agree on the highest version both speak', () => {
  expect(negotiateVersion({ min: 1, max: 3 }, { min: 2, max: 5 })).toBe(3);
  expect(negotiateVersion({ min: 1, max: 1 }, { min: 2, max: 2 })).toBeNull();
});
