/** Every kind of command by name. A new kind joins by one file and one line here. */
import { type CommandOutcome, unreachable } from '@buildbot/shared';
import { runCopy } from './copy.ts';
import { type ExecDeps, runExec } from './exec.ts';
import type { Order } from './order.ts';
import { runRemove } from './remove.ts';
import { runStat } from './stat.ts';

export function runCommand(deps: ExecDeps, { command, ...rest }: Order): Promise<CommandOutcome> {
  switch (command.kind) {
    case 'exec':
      return runExec(deps, { ...rest, command });
    case 'remove':
      return runRemove(deps, { ...rest, command });
    case 'copy':
      return runCopy(deps, { ...rest, command });
    case 'stat':
      return runStat(deps, { ...rest, command });
    default:
      return unreachable(command);
  }
}
