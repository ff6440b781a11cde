/** `buildbot workers stop`. */
import { OrderWorkerCommand } from '../../order-worker-command.ts';

export default class WorkersStop extends OrderWorkerCommand {
  static override summary = 'Let a worker leave when the builds on it have ended, as an administrator.';
  protected readonly order = 'stop';
}
