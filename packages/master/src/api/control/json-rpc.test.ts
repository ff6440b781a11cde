import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestsDeeperThan, parseRpc, RpcFailure, rpcError, rpcResult } from './json-rpc.ts';

const GOOD = { jsonrpc: '2.0', id: 4, method: 'stop', params: { reason: 'x' } };
const parse = (value: unknown) => parseRpc('application/json', JSON.stringify(value));
const failure = (text: string, type: string | undefined = 'application/json') => {
  try {
    parseRpc(type, text);
  } catch (error) {
    if (error instanceof RpcFailure) return { status: error.status, code: error.code, detail: error.detail };
    throw error;
  }
  return null;
};

describe('parseRpc', () => {
  it('reads a request', () => {
    expect(parse(GOOD)).toEqual({ id: 4, method: 'stop', params: { reason: 'x' } });
    expect(parse({ ...GOOD, id: null }).id).toBeNull();
  });

  it('wants JSON as the content type', () => {
    expect(parseRpc('Application/JSON; charset=utf-8', JSON.stringify(GOOD)).method).toBe('stop');
    const detail = 'Invalid content-type (use application/json)';
    expect(failure('{}', 'text/plain')).toEqual({ status: 400, code: -32600, detail });
    expect(failure('{}', undefined)?.code).toBe(-32600);
  });

  it('answers what is not JSON with a parse error', () => {
    expect(failure('{"jsonrpc"')).toMatchObject({ status: 400, code: -32700 });
  });

  it.each(['jsonrpc', 'method', 'id', 'params'] as const)('needs the key %s', (key) => {
    const { [key]: _, ...rest } = GOOD;
    expect(failure(JSON.stringify(rest))).toEqual({
      status: 400,
      code: -32600,
      detail: `missing key '${key}'`,
    });
  });

  it.each([
    ['a batch', [GOOD]],
    ['null', null],
    ['a text', 'stop'],
    ['another version', { ...GOOD, jsonrpc: '1.0' }],
    ['a list of parameters', { ...GOOD, params: [] }],
    ['a method that is no text', { ...GOOD, method: 1 }],
    ['an id that is an object', { ...GOOD, id: {} }],
  ])('refuses %s', (_, value) => {
    expect(failure(JSON.stringify(value))).toMatchObject({ status: 400, code: -32600 });
  });

  it('refuses nesting that would overflow a recursive reader', () => {
    const deep = `{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":${'['.repeat(100_000)}`;
    expect(failure(deep)).toEqual({ status: 400, code: -32600, detail: 'JSON nested deeper than 32 levels' });
  });

  it('answers every text with a request or a failure', () => {
    fc.assert(fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => void failure(text)));
  });
});

it('counts brackets outside of texts only', () => {
  expect(nestsDeeperThan('{"a":"[[[[\\"[["}', 1)).toBe(false);
  expect(nestsDeeperThan('[[]]', 1)).toBe(true);
  expect(nestsDeeperThan('[[],[],[]]', 2)).toBe(false);
});

it('leaves the id out of an answer to what could not be read', () => {
  const bad = new RpcFailure(400, -32700, 'no');
  expect(rpcError(undefined, bad)).toEqual({ jsonrpc: '2.0', error: { code: -32700, message: 'no' } });
  expect(rpcError(null, bad)).toEqual({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'no' } });
  expect(rpcResult(4, null)).toEqual({ jsonrpc: '2.0', id: 4, result: null });
});
