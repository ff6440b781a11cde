import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWsCommand } from './ws-commands.ts';

const parse = (value: unknown) => parseWsCommand(JSON.stringify(value));

describe('parseWsCommand', () => {
  it('reads the three commands', () => {
    expect(parse({ cmd: 'startConsuming', path: 'builds/*/*', _id: 1 })).toEqual({
      cmd: 'startConsuming',
      id: 1,
      path: 'builds/*/*',
      from: null,
    });
    expect(parse({ cmd: 'startConsuming', path: 'a', from: 7, _id: 1 })).toMatchObject({ from: 7 });
    expect(parse({ cmd: 'stopConsuming', path: 'a', _id: 'x' })).toEqual({
      cmd: 'stopConsuming',
      id: 'x',
      path: 'a',
    });
    expect(parse({ cmd: 'ping', type: 'x' })).toEqual({ cmd: 'ping', id: null });
  });

  it.each([
    [{ _id: null }, { error: "no 'cmd' in websocket frame", code: 400, _id: null }],
    [
      { cmd: 'nope', _id: 97 },
      { error: "no such command type 'nope'", code: 404, _id: 97 },
    ],
    [
      { cmd: 'constructor', _id: 1 },
      { error: "no such command type 'constructor'", code: 404, _id: 1 },
    ],
    [
      { cmd: '__proto__', _id: 1 },
      { error: "no such command type '__proto__'", code: 404, _id: 1 },
    ],
    [{ cmd: 'ping' }, { error: "no '_id' or 'type' in websocket frame", code: 400, _id: null }],
    [
      { cmd: 'startConsuming', _id: 2 },
      { error: "Invalid method argument 'path'", code: 400, _id: 2 },
    ],
    [
      { cmd: 'ping', x: 1, _id: 2 },
      { error: "Invalid method argument 'x'", code: 400, _id: 2 },
    ],
    [
      { cmd: 'startConsuming', path: 'a', from: -1, _id: 2 },
      { error: "Invalid method argument 'from'", code: 400, _id: 2 },
    ],
    [[], { error: 'websocket frame is not a JSON object', code: 400, _id: null }],
    [null, { error: 'websocket frame is not a JSON object', code: 400, _id: null }],
  ])('answers %j with an error', (frame, answer) => {
    expect(parse(frame)).toEqual(answer);
  });

  it('answers every text with a command or an error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.json()), (text) => {
        const answer = parseWsCommand(text);
        expect('cmd' in answer || answer.code >= 400).toBe(true);
      }),
    );
  });
});
