/** The worker's own log: one line of text per happening, for the person who runs the machine. */
import type { WorkerClock } from './clock.ts';

export interface WorkerLog {
  info(message: string): void;
  warn(message: string): void;
}

/** Lines with time and level, handed to `write` one at a time. Control characters are shown, never passed on. */
export function lineLog(clock: WorkerClock, write: (line: string) => void): WorkerLog {
  const line = (level: string, message: string) => {
    const visible = message.replace(
      /\p{Cc}/gu,
      (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
    );
    write(`${new Date(clock.now()).toISOString()} ${level} ${visible}\n`);
  };
  return { info: (message) => line('info', message), warn: (message) => line('warn', message) };
}

/** For those who embed a worker and have their own way to tell. */
export const silentLog: WorkerLog = { info: () => undefined, warn: () => undefined };
