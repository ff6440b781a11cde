/** What the far side of a try says, line by line: checked by hand, for a schema would cost more than the connection. */
import { ExternalError, type Greeting, sanitizeName, type Verdict } from '@buildbot/shared';

/** @throws ExternalError for a version that is not known here */
export function asGreeting(line: string): Greeting {
  const value = parseWords(line);
  const { tryserver, user, maxJobBytes, master } = value;
  if (tryserver !== 1) {
    throw new ExternalError(
      'buildbot tryserver',
      `not the greeting of a version this client knows: ${sanitizeName(line, { maxLength: 200 })}`,
    );
  }
  return {
    tryserver,
    user: textOrNull(user),
    maxJobBytes: typeof maxJobBytes === 'number' ? maxJobBytes : Number.POSITIVE_INFINITY,
    master: master === true,
  };
}

/** @throws ExternalError */
export function asVerdict(line: string): Verdict {
  const value = parseWords(line);
  const { status, buildSetId, requests, reason } = value;
  if (status === 'accepted' && typeof buildSetId === 'number' && Array.isArray(requests)) {
    return { status, buildSetId, requests: requests as Extract<Verdict, { status: 'accepted' }>['requests'] };
  }
  const why = sanitizeName(textOrNull(reason) ?? 'no reason was given', { maxLength: 2000 });
  if (status === 'kept') return { status, reason: why };
  if (status === 'refused') return { status, reason: why, hint: textOrNull(value.hint) };
  throw new ExternalError('buildbot tryserver', `not a verdict: ${sanitizeName(line, { maxLength: 200 })}`);
}

/** What is no object counts as one that says nothing. */
export function parseWords(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return {};
}

/** Fit for a terminal. */
export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? sanitizeName(value, { maxLength: 2000 }) : null;
}
