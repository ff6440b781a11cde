import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { guardJson, MAX_JSON_DEPTH, MAX_JSON_VALUES } from './json-guard.ts';

const guard = (text: string) => guardJson(new TextEncoder().encode(text));

describe('guardJson', () => {
  it('lets any ordinary JSON pass', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8, noUnicodeString: false }), (text) => {
        expect(guard(text)?.replace(/'.*'/, '')).toBeOneOf([undefined, 'the key  is not allowed']);
      }),
    );
  });

  it.each([
    ['{"a":1,"a":2}', 'the key "a" comes twice'],
    ['{"a":1,"\\u0061":2}', 'the key "a" comes twice'],
    ['{"x":[{"b":1,"b":1}]}', 'the key "b" comes twice'],
    ['{"x":"\\\\","b":1,"b":1}', 'the key "b" comes twice'],
    ['{"x":"\\"","b":1,"b":1}', 'the key "b" comes twice'],
    ['{"__proto__":{}}', "the key '__proto__' is not allowed"],
    ['{"a":[{"\\u005f_proto__":1}]}', "the key '__proto__' is not allowed"],
    ['{"properties":{"constructor":1}}', "the key 'constructor' is not allowed"],
    [`{"${'k'.repeat(2000)}":1}`, 'a key of more than 1024 bytes'],
    ['['.repeat(MAX_JSON_DEPTH + 1), `nested more than ${MAX_JSON_DEPTH} levels deep`],
    [`[${'0,'.repeat(MAX_JSON_VALUES)}0]`, `more than ${MAX_JSON_VALUES} values`],
    [`[${'{},'.repeat(MAX_JSON_VALUES / 2)}0]`, `more than ${MAX_JSON_VALUES} values`],
  ])('refuses %.40s', (text, reason) => {
    expect(guard(text)).toBe(reason);
  });

  it.each([
    '{"a":{"k":1},"b":{"k":1},"k":["k","k"]}',
    '{"a":"__proto__","b":["constructor","constructor"]}',
    '{"a":"\\\\","b":"\\"{[,\\"","c":"[[[["}',
    '['.repeat(MAX_JSON_DEPTH),
  ])('lets %.60s pass', (text) => {
    expect(guard(text)).toBeUndefined();
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(guardJson(bytes)).toBeOneOf([undefined, expect.any(String)]);
      }),
    );
  });
});
