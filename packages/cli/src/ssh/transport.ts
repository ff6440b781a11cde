/** Chooses the transport: ssh2 unless the user wants their own ssh program. */

import { hostname, userInfo } from 'node:os';
import type { LocalFacts } from './config.ts';
import type { SshInteraction } from './interaction.ts';
import type { SshTransport } from './port.ts';
import { createProgramTransport } from './program-transport.ts';
import { createSsh2Transport } from './ssh2-transport.ts';

export interface SshTransportDeps {
  /** Of this process: `SSH_AUTH_SOCK`, `PATH` and what the SSH configuration refers to. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly interaction: SshInteraction;
  /** `--ssh COMMAND`. Only from flags or the user's own configuration, never from a file in a source tree. */
  readonly sshCommand?: string | undefined;
  /** Read instead of the user's and the system's SSH configuration; ssh2 only. */
  readonly configFile?: string | undefined;
}

/** @throws UserError if `sshCommand` cannot be understood */
export function createSshTransport({
  env,
  interaction,
  sshCommand,
  configFile,
}: SshTransportDeps): SshTransport {
  if (sshCommand !== undefined) return createProgramTransport({ command: sshCommand, env });
  return createSsh2Transport({ local: localFacts(env), interaction, configFile });
}

/** Home and name of the account come from the system, as in OpenSSH: `HOME` and `USER` do not count. */
function localFacts(env: SshTransportDeps['env']): LocalFacts {
  const { homedir, username } = userInfo();
  return { homeDir: homedir, userName: username, hostName: hostname(), env };
}
