/** The runtime of a real process. */
import { once } from 'node:events';
import { systemClock } from './clock.ts';
import { readEnvironment } from './config/environment.ts';
import type { Runtime } from './services/runtime.ts';
import { TerminalTurn } from './services/terminal-turn.ts';

export function processRuntime(): Runtime {
  return {
    environment: readEnvironment(),
    cwd: process.cwd(),
    clock: systemClock,
    random: Math.random,
    stdout: process.stdout,
    stderr: process.stderr,
    stdin: process.stdin,
    terminal: new TerminalTurn(),
    isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
    onInterrupt: (listener) => {
      const onCtrlC = () => listener('ctrl-c');
      const onTermination = () => listener('termination');
      process.on('SIGINT', onCtrlC).on('SIGTERM', onTermination).on('SIGHUP', onTermination);
      return () => {
        process.off('SIGINT', onCtrlC).off('SIGTERM', onTermination).off('SIGHUP', onTermination);
      };
    },
    onSuspend: (listener) => {
      process.on('SIGTSTP', listener);
      return () => void process.off('SIGTSTP', listener);
    },
    suspend: async () => {
      const goesOn = once(process, 'SIGCONT');
      // The whole group, as the terminal would do it: whatever has started this is to stand still as well.
      process.kill(0, 'SIGSTOP');
      await goesOn;
    },
  };
}
