/** The order in which keys are offered, as a pure matter. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderKeys } from './identities.ts';

const key = (name: string) => ({ name, getPublicSSH: () => Buffer.from(name) });
const file = (name: string) => ({ name, publicKey: key(name) });
const names = (items: readonly { name: string }[]) => items.map(({ name }) => name);

function order(agent: readonly string[], files: readonly string[], identitiesOnly = false) {
  const { agentKeys, files: left } = orderKeys(agent.map(key), files.map(file), identitiesOnly);
  return [names(agentKeys), names(left)];
}

test('puts agent keys that the configuration names first', () => {
  expect(order(['a', 'b', 'c'], ['x', 'c'])).toEqual([['c', 'a', 'b'], ['x']]);
});

test('leaves the other agent keys out under IdentitiesOnly', () => {
  expect(order(['a', 'b', 'c'], ['x', 'c'], true)).toEqual([['c'], ['x']]);
});

test('offers every key once, in either way', () => {
  const some = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e'));
  fc.assert(
    fc.property(some, some, (agent, files) => {
      const offered = order(agent, files).flat();
      expect(new Set(offered).size).toBe(offered.length);
      expect(new Set(offered)).toEqual(new Set([...agent, ...files]));
      expect(new Set(order(agent, files, true).flat())).toEqual(new Set(files));
    }),
  );
});
