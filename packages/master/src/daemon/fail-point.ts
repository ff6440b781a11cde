/**
 * For tests of crashes: `BUILDBOT_FAILPOINT=after-commit:claim` kills this very process, as SIGKILL does, when it comes to
 * that moment; `after-commit:claim@3` when it does so for the third time. The moments are in `store/fail-points.ts`.
 */
import { type FailPoint, noFailPoint } from '../ports/service.ts';

export function failPointOf(env: Readonly<Record<string, string | undefined>>): FailPoint {
  const [wanted, count = '1'] = (env.BUILDBOT_FAILPOINT ?? '').split('@');
  if (wanted === undefined || wanted === '') return noFailPoint;
  let left = Number(count);
  return (name) => {
    if (name === wanted && --left === 0) process.kill(process.pid, 'SIGKILL');
  };
}
