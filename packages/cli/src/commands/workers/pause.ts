/** `buildbot workers pause`. */
import { OrderWorkerCommand } from '../../order-worker-command.ts';

export default class WorkersPause extends OrderWorkerCommand {
  static override summary = 'Give a worker no new builds until it is unpaused, as an administrator.';
  protected readonly order = 'pause';
}
