/**
 * For tests of crashes: `BUILDBOT_FAILPOINT=after-commit:claim` kills this very process, as SIGKILL does, when it comes to
 * that moment; `after-commit:claim@3` when it does so for the third time. The moments are in `store/fail-points.ts`.
 */
import { failPointAt } from '@buildbot/shared';
import type { FailPoint } from '../ports/service.ts';

export function failPointOf(env: Readonly<Record<string, string | undefined>>): FailPoint {
  return failPointAt(env.BUILDBOT_FAILPOINT, () => process.kill(process.pid, 'SIGKILL'));
}
