/** The runtime of a real process. */
import { systemClock } from './clock.ts';
import { readEnvironment } from './config/environment.ts';
import type { Runtime } from './services/runtime.ts';

const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function processRuntime(): Runtime {
  return {
    environment: readEnvironment(),
    cwd: process.cwd(),
    clock: systemClock,
    random: Math.random,
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    onInterrupt: (listener) => {
      for (const signal of INTERRUPTS) process.on(signal, listener);
      return () => {
        for (const signal of INTERRUPTS) process.off(signal, listener);
      };
    },
  };
}
