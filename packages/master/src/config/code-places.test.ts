import { expect, test } from 'vitest';
import { codePlaces } from './code-places.ts';

const CODE = `import { defineMaster } from '@buildbot/master';

// export default { builders: 'not this' }
const shared = [{ type: 'shell', command: 'true' }];
/* { title: */
export default defineMaster({
  title: 'a, b: { c',
  'workers': [{ name: "w1", password: 'x' }, { name: 'w2' }],
  builders: [
    { name: 'linux', workers: ['w1'], steps: [{ type: 'git', repository: \`/a,\${1}\` }, { type: 'shell', timeout: '20x' }] },
    { name: 'mac', workers: ['w9'], steps: shared },
  ],
  ...{ retention: {} },
  schedulers: [...shared, { name: 'late' }],
});
`;

const places = codePlaces(CODE);

/** What stands in the text at the place. */
function at({ line, column }: { line: number; column: number }, length: number): string {
  return (CODE.split('\n')[line - 1] ?? '').slice(column - 1, column - 1 + length);
}

test.each([
  [['title'], "'a, b"],
  [['workers', 1, 'name'], "'w2'"],
  [['builders', 0, 'steps', 1, 'timeout'], "'20x'"],
  [['builders', 1, 'workers', 0], "'w9'"],
  [['schedulers'], '[...shared'],
])('finds the value at %j as it is written', (path, text) => {
  expect(at(places.locate(path), text.length)).toBe(text);
});

test('finds the key itself', () => {
  expect(at(places.locateKey(['workers', 0, 'password']), 8)).toBe('password');
});

test('goes as far as literals lead', () => {
  expect(at(places.locate(['builders', 1, 'steps', 0, 'command']), 6)).toBe('shared');
  expect(at(places.locate(['builders', 7, 'steps']), 1)).toBe('[');
  expect(at(places.locate(['retention', 'builds']), 1)).toBe('{');
  expect(at(places.locate(['schedulers', 1, 'name']), 4)).toBe('[...');
});

test('finds the beginning of what is exported without a call, and answers the top where nothing is', () => {
  expect(codePlaces('export default {\n  title: 3 };').locate(['title'])).toEqual({ line: 2, column: 10 });
  expect(codePlaces('').locate(['title'])).toEqual({ line: 1, column: 1 });
});
