/** Log lines of the daemon: one JSON object each, to standard error, without anything that is secret. */
import pino, { type DestinationStream } from 'pino';
import type { Logger } from './ports/service.ts';

const REDACTED = ['password', '*.password', 'token', '*.token', 'authorization', '*.authorization'];

/** What waits at most while nothing can be written, say because the disk is full. Bytes. */
const WAITING_BYTES = 1024 * 1024;

/**
 * Standard error as a file that may be on a full disk, or a pipe that nobody reads any more: neither is a reason to end.
 * What cannot be written waits for the next line; what has no room to wait is dropped, and counted.
 */
function openDestination(onDropped: (lines: number) => void): DestinationStream {
  const destination = pino.destination({ fd: 2, sync: true, maxLength: WAITING_BYTES });
  let dropped = 0;
  destination.on('error', () => undefined);
  destination.on('drop', () => {
    dropped += 1;
  });
  destination.on('drain', () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    onDropped(lines);
  });
  return destination;
}

export function createLogger(level = 'info'): Logger {
  const destination = openDestination((lines) => logger.warn({ lines }, 'lines of this log were dropped'));
  const logger = pino({ level, base: null, redact: REDACTED }, destination);
  return logger;
}

/** For embedding and tests: says nothing. */
export const silentLogger: Logger = pino({ level: 'silent' });
