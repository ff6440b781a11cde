/** Log lines of the daemon: one JSON object each, to standard error, without anything that is secret. */
import pino from 'pino';
import type { Logger } from './ports/service.ts';

const REDACTED = ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'];

export function createLogger(level = 'info'): Logger {
  return pino({ level, base: null, redact: REDACTED }, pino.destination({ fd: 2, sync: true }));
}

/** For embedding and tests: says nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
