/** `buildbot workers unpause`. */
import { OrderWorkerCommand } from '../../order-worker-command.ts';

export default class WorkersUnpause extends OrderWorkerCommand {
  static override summary = 'Give a paused or leaving worker builds again, as an administrator.';
  protected readonly order = 'unpause';
}
