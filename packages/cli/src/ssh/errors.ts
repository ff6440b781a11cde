/** The two ways in which SSH itself says no. Both end the CLI with exit code 5: nothing was sent. */

import { UserError } from '@buildbot/shared';

const EXIT_CODE_NOT_LET_IN = 5;

/** The host is not who it was, or nobody vouches for it. Raised before a user name or key is shown to it. */
export class HostKeyError extends UserError {
  constructor(message: string, options: { hint?: string } = {}) {
    super(message, { ...options, exitCode: EXIT_CODE_NOT_LET_IN });
  }
}

/** The host is the right one and accepted none of the keys that could be offered. */
export class NotLetInError extends UserError {
  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { ...options, exitCode: EXIT_CODE_NOT_LET_IN });
  }
}
