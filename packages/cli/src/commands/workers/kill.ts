/** `buildbot workers kill`. */
import { OrderWorkerCommand } from '../../order-worker-command.ts';

export default class WorkersKill extends OrderWorkerCommand {
  static override summary = 'Send a worker away at once, with the builds on it, as an administrator.';
  protected readonly order = 'kill';
}
