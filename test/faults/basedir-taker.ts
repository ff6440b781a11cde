/** A process that takes the folder of a daemon for itself: told `master PATH`, `worker PATH` or `release`, a line each. */
import { createInterface } from 'node:readline';
import * as master from '../../packages/master/src/daemon/take-basedir.ts';
import * as worker from '../../packages/worker/src/daemon/take-basedir.ts';

let release: (() => void) | null = null;
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'release') {
    release?.();
    release = null;
    process.stdout.write('released\n');
    continue;
  }
  const [which, path = ''] = line.split(' ');
  const { takeBasedir } = which === 'master' ? master : worker;
  try {
    release = takeBasedir(path);
    process.stdout.write('taken\n');
  } catch (error) {
    process.stdout.write(`refused: ${(error as Error).message}\n`);
  }
}
