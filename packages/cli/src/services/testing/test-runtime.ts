/** A process for a command: its output is kept, nobody sits at it, and its folders are the test's own. */
import { PassThrough } from 'node:stream';
import { systemClock } from '../../clock.ts';
import { readEnvironment } from '../../config/environment.ts';
import type { Interruption, Runtime } from '../runtime.ts';
import { TerminalTurn } from '../terminal-turn.ts';

export interface TestRuntime {
  runtime: Runtime;
  /** Everything on standard output so far. */
  stdout(): string;
  stderr(): string;
  interrupt(interruption: Interruption): void;
}

/** `home` is where it looks for the user's configuration, and where it begins. */
export function testRuntime(home: string): TestRuntime {
  const listeners = new Set<(interruption: Interruption) => void>();
  const texts = { out: '', err: '' };
  const streamTo = (name: keyof typeof texts): NodeJS.WriteStream => {
    const stream = new PassThrough();
    stream.on('data', (bytes: Buffer) => {
      texts[name] += bytes.toString('utf8');
    });
    return stream as unknown as NodeJS.WriteStream;
  };
  return {
    runtime: {
      environment: readEnvironment({ HOME: home, PATH: '/usr/bin:/bin' }),
      cwd: home,
      clock: systemClock,
      random: () => 0,
      stdout: streamTo('out'),
      stderr: streamTo('err'),
      stdin: new PassThrough() as unknown as NodeJS.ReadStream,
      terminal: new TerminalTurn(),
      isInteractive: false,
      onInterrupt: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      onSuspend: () => () => {},
      suspend: async () => {},
    },
    stdout: () => texts.out,
    stderr: () => texts.err,
    interrupt: (interruption) => {
      for (const listener of listeners) listener(interruption);
    },
  };
}
