import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SseMessage, SseParser } from './sse.ts';

function parse(text: string): SseMessage[] {
  return new SseParser().push(Buffer.from(text));
}

describe('SseParser', () => {
  it('reads name, data of several lines and id', () => {
    expect(parse('event: build\nid: 7\ndata: one\ndata: two\n\n')).toEqual([
      { event: 'build', data: 'one\ntwo', id: '7' },
    ]);
  });

  it('passes over comments, unknown fields and messages without data', () => {
    expect(parse(': hello\nretry: 3\nid: 8\n\ndata:x\n\n')).toEqual([
      { event: 'message', data: 'x', id: '8' },
    ]);
  });

  it.each(['\n', '\r\n', '\r'])('takes %j as the end of a line', (end) => {
    expect(parse(['data: a', '', 'data: b', '', ''].join(end) + end).map(({ data }) => data)).toEqual([
      'a',
      'b',
    ]);
  });

  it('gives the same whatever the cuts', () => {
    const text = 'id: 1\r\ndata: {"k":"builds/1/new"}\r\n\r\n: x\n\nevent: resync\ndata: größe\ndata: 2\n\n';
    const bytes = Buffer.from(text);
    const whole = parse(text);
    expect(whole).toHaveLength(2);
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const parser = new SseParser();
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const told = at.slice(1).flatMap((end, index) => parser.push(bytes.subarray(at[index], end)));
        expect(told).toEqual(whole);
      }),
    );
  });

  it('never throws on arbitrary small input', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => Array.isArray(new SseParser().push(bytes))),
    );
  });

  it('refuses a message without end instead of keeping it', () => {
    const parser = new SseParser();
    const line = Buffer.from(`data: ${'x'.repeat(1024 * 1024)}\n`);
    expect(() => {
      for (let count = 0; count < 20; count++) parser.push(line);
    }).toThrow(/too long/);
  });
});
