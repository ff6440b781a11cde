/**
 * How large a test is: quick, as CI runs all of them, or as large as the fault matrix asks, which takes minutes and is for the
 * night: `BUILDBOT_TEST_SCALE=full`.
 */

const isFull = process.env.BUILDBOT_TEST_SCALE === 'full';

/** The size of a test: `quick` as a rule, `full` where that was asked for. */
export function scaled(quick: number, full: number): number {
  return isFull ? full : quick;
}

/** A figure that is worth knowing from a full run. */
export function tell(what: string, value: string): void {
  if (isFull) process.stderr.write(`${what}: ${value}\n`);
}
