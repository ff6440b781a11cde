import { expect, test } from 'vitest';
import { ExternalError, explainError, UserError } from './errors.ts';

test('a person is told what and what next, each on lines of their own', () => {
  const error = new UserError('one\ntwo', { hint: 'try three' });
  expect(explainError('buildbot-master', error)).toBe('buildbot-master: one\ntwo\n  try three\n');
});

test.each([
  ['a message', new UserError('a\u001b[2Jb')],
  ['a hint', new UserError('a', { hint: 'b\u001b]0;x\u0007' })],
  ['what another program said', new ExternalError('git', 'fatal\u202e: x\r')],
  ['a bug', new Error('a\u001b[2Jb')],
  ['what is no error', 'a\u001b[2Jb'],
])('nothing that controls a terminal comes out of %s', (_what, error) => {
  expect(explainError('buildbot-worker', error)).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
});
