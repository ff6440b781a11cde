/** What of the master reaches beyond it: programs of the administrator's, and the SSH server. */
import { resolve } from 'node:path';
import type { MasterConfig } from '@buildbot/shared';
import { inheritedEnvironment } from '../config/environment.ts';
import type { Logger } from '../ports/service.ts';
import { runAlertCommand } from '../services/alert-command.ts';
import type { AlertsDeps } from '../services/alerts.ts';
import { SshEndpoint } from '../try/ssh-endpoint.ts';

/** What a program of the administrator's may see of the master's environment. */
const COMMAND_ENVIRONMENT = ['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TZ', 'TMPDIR'];

/** How alerts are told; `null` when nobody wants to hear of any. */
export function alertTeller(basedir: string, alerts: MasterConfig['alerts']): AlertsDeps['tell'] {
  if (alerts === undefined) return null;
  const env = inheritedEnvironment(COMMAND_ENVIRONMENT);
  const command = { argv: alerts.command, timeoutMs: alerts.timeout, cwd: basedir, env };
  return (json, signal) => runAlertCommand(command, json, signal);
}

/** The SSH server of the configuration, if it has one. */
export function sshEndpoint(
  basedir: string,
  { ssh }: MasterConfig['listen'],
  logger: Logger,
): SshEndpoint | null {
  if (ssh === undefined) return null;
  const at = ssh.address.lastIndexOf(':');
  return new SshEndpoint({
    host: ssh.address.slice(0, at).replace(/^\[(.*)\]$/, '$1'),
    port: Number(ssh.address.slice(at + 1)),
    hostKeyFile: resolve(basedir, ssh.hostKey),
    authorizedKeysFile: resolve(basedir, ssh.authorizedKeys),
    env: inheritedEnvironment(COMMAND_ENVIRONMENT),
    logger: logger.child({ room: 'ssh' }),
  });
}
