import { expect, it } from 'vitest';
import { chooseFace } from './face.ts';

const nothing = { json: false, events: false, quiet: false, wantsPlain: false, isTerminal: true };

it.each([
  [{}, 'screen'],
  [{ isTerminal: false }, 'plain'],
  [{ wantsPlain: true }, 'plain'],
  [{ quiet: true }, 'quiet'],
  [{ events: true }, 'events'],
  [{ follow: true, quiet: true }, 'plain'],
  [{ follow: true, events: true }, 'events'],
  [{ json: true, quiet: true }, 'json'],
] as const)('of %o is %s', (wishes, face) => {
  expect(chooseFace({ ...nothing, ...wishes })).toBe(face);
});
