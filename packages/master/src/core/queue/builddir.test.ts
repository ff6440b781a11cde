import { expect, test } from 'vitest';
import { freeBuilddir } from './builddir.ts';

const noOther = () => false;

test('takes the lowest free folder', () => {
  expect(freeBuilddir({ builder: 'linux', taken: new Set(), isBuilder: noOther })).toBe('linux');
  expect(freeBuilddir({ builder: 'linux', taken: new Set(['linux', 'linux.3']), isBuilder: noOther })).toBe(
    'linux.2',
  );
});

test("never takes another builder's folder", () => {
  const isBuilder = (name: string) => name === 'linux.2';
  expect(freeBuilddir({ builder: 'linux', taken: new Set(['linux']), isBuilder })).toBe('linux.3');
});
