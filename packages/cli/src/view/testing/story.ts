/** A try as messages: a step that passes, one that fails with an excerpt, a lost link on the way. */
import {
  buildEventPaths,
  buildSetEventPaths,
  requestEventPaths,
  type StepFailure,
  stepEventPaths,
} from '@buildbot/shared';
import type { ViewMessage } from '../messages.ts';
import { build, builder, buildSet, request, step, summary, T0 } from './resources.ts';

function event(n: number, k: string | undefined, m: unknown): ViewMessage {
  return { type: 'event', event: { k: k ?? '', m, n } };
}

const SECOND = 1000;
const claimed = request({ claimed: true, waiting_reason: null, attempts: 1 });
const compile = step({ stepid: 1000, number: 0, name: 'compile' });
const test = step({ stepid: 1001, number: 1, name: 'test', started_at_ms: T0 + 10 * SECOND });
const compiled = { ...compile, complete: true, results: 0 as const, complete_at_ms: T0 + 10 * SECOND };
const failed = {
  ...test,
  complete: true,
  results: 2 as const,
  state_string: "'make test' failed",
  complete_at_ms: T0 + 30 * SECOND,
};
const finished = build({
  complete: true,
  complete_at_ms: T0 + 30 * SECOND,
  results: 2,
  state_string: "'make test' failed",
});

/** The events after the summary, in the order in which the master tells them. */
export const STORY_EVENTS: readonly ViewMessage[] = [
  event(11, requestEventPaths(claimed, 'claimed')[0], claimed),
  event(12, buildEventPaths(build(), 'new')[0], build()),
  event(13, stepEventPaths(compile, 'started')[1], compile),
  event(14, stepEventPaths(compiled, 'finished')[1], compiled),
  event(15, stepEventPaths(test, 'started')[1], test),
  event(16, stepEventPaths(failed, 'finished')[1], failed),
  event(17, buildEventPaths(finished, 'finished')[0], finished),
  event(18, requestEventPaths(claimed, 'complete')[0], { ...claimed, complete: true, results: 2 }),
  event(
    19,
    buildSetEventPaths(7, 'complete')[0],
    buildSet({ complete: true, complete_at: T0 / 1000 + 30, results: 2 }),
  ),
];

const FAILURE: StepFailure = {
  ...{ mark: 'new', path: 'net_test.cc', line: 88, testsFailed: 1 },
  marks: { new: 1, 'also-on-base': 0, flaky: 0, unknown: 0 },
  tests: [
    {
      ...{ name: 'NetTest.Timeout', path: 'net_test.cc', line: 88, mark: 'new' },
      message: ['net_test.cc:88: expected 3, got 2', 'in the second round'],
    },
  ],
};

/** The whole try, as `buildbot try` feeds it. */
export const STORY: readonly ViewMessage[] = [
  {
    type: 'preparation',
    preparation: { snapshot: 'running', link: 'running', target: 'ci.example', startedAt: T0 - 2 * SECOND },
  },
  {
    type: 'local',
    fact: {
      type: 'snapshot',
      at: T0 - SECOND,
      files: ['~ src/a.c', '+ new.bin (binary)'],
      leftOut: ['1 untracked (x.tmp)'],
      base: '4f1c2abd00112233',
      branch: 'main',
      bytes: 18_432,
      durationMs: 200,
    },
  },
  {
    type: 'local',
    fact: { type: 'queued', at: T0 - 500, buildSetId: 7, builders: ['linux'], user: 'alice' },
  },
  { type: 'summary', summary: summary({ builders: [builder()] }) },
  ...STORY_EVENTS.slice(0, 5),
  {
    type: 'local',
    fact: { type: 'link_lost', at: T0 + 15 * SECOND, reason: 'connection reset', retryInMs: 500 },
  },
  { type: 'local', fact: { type: 'link_restored', at: T0 + 16 * SECOND } },
  ...STORY_EVENTS.slice(5),
  { type: 'failure', stepId: 1001, failure: FAILURE },
  {
    type: 'excerpt',
    stepId: 1001,
    log: 'stdio',
    lines: ['net_test.cc:88: expected 3, got 2', 'make: *** [test] Error 1'],
  },
  {
    type: 'local',
    fact: { type: 'finished', at: T0 + 31 * SECOND, exitCode: 1, text: 'try #7 failed in 30s', mark: '✗' },
  },
];
