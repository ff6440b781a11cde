/** The failure digest of a build, as the view and programs take it. A real Buildbot, and an older master, has none. */
import {
  type FailedStepResource,
  type FailureDigestResource,
  type StepFailure,
  sanitizeName,
} from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { LinkError } from '../client/transport.ts';

export interface FailedStep {
  stepId: number;
  failure: StepFailure;
  /** Null when it has no log with a line in it. */
  excerpt: { log: string; lines: readonly string[] } | null;
}

/** Failed steps by their ids; none where there is no digest. */
export async function failedSteps(
  client: ApiClient,
  buildId: number,
  signal?: AbortSignal,
): Promise<ReadonlyMap<number, FailedStep>> {
  const found = await client
    .get(`builds/${buildId}/failure_digest`, 'failure_digests', signal)
    .catch((error: unknown) => {
      // Whatever is wrong with it: there are the logs.
      if (!(error instanceof LinkError)) return [];
      throw error;
    });
  const [digest] = found as FailureDigestResource[];
  return new Map((digest?.steps ?? []).map((step) => [step.stepid, failedStep(step)]));
}

function failedStep(step: FailedStepResource): FailedStep {
  const { stepid, mark, marks, tests_failed, tests, log, path, line, lines } = step;
  const failure: StepFailure = {
    mark,
    path: path === null ? null : shown(path),
    line,
    testsFailed: tests_failed,
    marks,
    tests: tests.map((test) => ({
      name: shown(test.name),
      path: test.path === null ? null : shown(test.path),
      line: test.line,
      mark: test.mark,
      message: test.message.map(shown),
    })),
  };
  const texts = lines.map(({ text }) => shown(text.replaceAll('\t', '    ')));
  const excerpt = log === null || texts.length === 0 ? null : { log: log.name, lines: texts };
  return { stepId: stepid, failure, excerpt };
}

function shown(text: string): string {
  return sanitizeName(text, { maxLength: 500 });
}
