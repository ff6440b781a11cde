import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cleanEnvironment, DEFAULT_ALLOWED, environmentProblem } from './clean-environment.ts';

test('only listed variables of the worker reach a command', () => {
  const own = {
    PATH: '/bin',
    HOME: '/h',
    LC_ALL: 'C',
    SSH_AUTH_SOCK: '/s',
    AWS_SECRET_ACCESS_KEY: 'x',
    LCD: '1',
  };
  expect(cleanEnvironment(own, DEFAULT_ALLOWED, {})).toEqual({ PATH: '/bin', HOME: '/h', LC_ALL: 'C' });
});

test('a command sets and removes variables, and has a PATH even when the worker has none', () => {
  expect(cleanEnvironment({ HOME: '/h' }, DEFAULT_ALLOWED, { CI: 'true', HOME: null })).toEqual({
    PATH: '/usr/local/bin:/usr/bin:/bin',
    CI: 'true',
  });
});

test('names from outside never reach the object machinery', () => {
  const changes = JSON.parse('{"__proto__": "x", "constructor": "y"}');
  const environment = cleanEnvironment({}, DEFAULT_ALLOWED, changes);
  expect(Object.keys(environment)).toContain('__proto__');
  expect(Object.getPrototypeOf(environment)).toBe(Object.prototype);
});

test('no variable outside the list passes, whatever it is called', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), (own) => {
      const passed = Object.keys(cleanEnvironment(own, ['PATH', 'LC_*'], {}));
      expect(passed.every((name) => name === 'PATH' || name.startsWith('LC_'))).toBe(true);
    }),
  );
});

test('a variable that no process can have is named', () => {
  expect(environmentProblem({ 'A=B': 'x' })).toContain('"A=B"');
  expect(environmentProblem({ A: 'x\0' })).toContain('A');
  expect(environmentProblem({ A: 'x' })).toBeNull();
});
