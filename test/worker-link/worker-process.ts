/** A worker as a process of its own, to be frozen and killed: options as JSON in the arguments, states on standard output. */
import { startWorker, type WorkerOptions } from '@buildbot/worker';

const options = JSON.parse(process.argv[2] ?? '{}') as WorkerOptions;
const worker = await startWorker(options);
worker.onState((state) => {
  process.stdout.write(`${JSON.stringify(state)}\n`);
  if (state.kind !== 'stopped') return;
  process.exitCode = 3;
  void worker.stop();
});
process.once('SIGTERM', () => void worker.stop());
