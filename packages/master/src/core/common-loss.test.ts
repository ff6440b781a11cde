import { expect, test } from 'vitest';
import { commonLoss } from './common-loss.ts';

const loss = (worker: string, step: string | null) => ({ worker, step });

test.each([
  ['nothing of one alone', [loss('w1', 'test')], null],
  [
    'a step that no worker survives',
    [loss('w3', 'test'), loss('w1', 'test'), loss('w2', 'test'), loss('w1', 'test')],
    "each time in step 'test', on w1, w2 and w3",
  ],
  ['one step on one worker', [loss('w1', 'test'), loss('w1', 'test')], "each time in step 'test', on w1"],
  ['one worker', [loss('w1', 'test'), loss('w1', null)], 'each time on w1'],
  ['nothing of what is different', [loss('w1', 'test'), loss('w2', 'build')], null],
  ['nothing where no step had begun', [loss('w1', null), loss('w2', null)], null],
])('says %s', (_what, losses, text) => {
  expect(commonLoss(losses)).toBe(text);
});
