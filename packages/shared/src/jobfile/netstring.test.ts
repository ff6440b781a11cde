import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeNetstrings, parseNetstrings } from './netstring.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);
const parse = (text: string) => parseNetstrings(bytesOf(text), { maxCount: 100 });

describe('parseNetstrings', () => {
  it('reads back what was written', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 20 }), (values) => {
        expect(parseNetstrings(encodeNetstrings(values), { maxCount: 20 })).toEqual({ ok: true, values });
      }),
    );
  });

  it('gives views, not copies', () => {
    const bytes = bytesOf('3:abc,');
    const parsed = parseNetstrings(bytes, { maxCount: 1 });
    expect(parsed.ok && parsed.values[0]?.buffer === bytes.buffer).toBe(true);
  });

  it.each([
    ['5:abc,', 'the netstring at byte 0 says 5 bytes, but the file ends before'],
    ['3:abc', 'the netstring at byte 0 says 3 bytes, but the file ends before'],
    ['3:abc;', 'no comma at byte 5, where the netstring from byte 0 ends'],
    ['1:a,2:bcd,', 'no comma at byte 8, where the netstring from byte 4 ends'],
    [':,', 'a netstring without a length at byte 0'],
    ['03:abc,', 'a netstring length with a leading zero at byte 0'],
    ['0x3:abc,', 'no netstring at byte 0'],
    ['-1:,', 'no netstring at byte 0'],
    ['+1:a,', 'no netstring at byte 0'],
    [' 1:a,', 'no netstring at byte 0'],
    ['３:abc,', 'no netstring at byte 0'],
    ['1:a,\n', 'no netstring at byte 4'],
    ['12', 'the file ends inside the length of the netstring at byte 0'],
    ['99999999999:', 'a netstring length of more than ten digits at byte 0'],
    ['9999999999:', 'the netstring at byte 0 says 9999999999 bytes, but the file ends before'],
  ])('refuses %j: %s', (text, reason) => {
    expect(parse(text)).toEqual({ ok: false, reason });
  });

  it('takes no more netstrings than allowed', () => {
    expect(parse('0:,'.repeat(100)).ok).toBe(true);
    expect(parse('0:,'.repeat(101))).toEqual({ ok: false, reason: 'more than 100 netstrings' });
  });

  it('refuses a valid file cut at any byte inside', () => {
    const whole = bytesOf('5:hello,0:,11:hello world,');
    const ends = new Set([0, 8, 11, whole.length]);
    for (let end = 0; end <= whole.length; end++) {
      expect(parseNetstrings(whole.subarray(0, end), { maxCount: 9 }).ok).toBe(ends.has(end));
    }
  });
});
