/**
 * Asks the user's own `ssh` what its configuration says about a host: `ssh -G` evaluates `Host`, `Match` and
 * `Include` for us, so nothing here can disagree with it. It takes some 5 ms and opens no connection. On a machine
 * without `ssh` OpenSSH's defaults count.
 */

import { type ExecFileException, execFile } from 'node:child_process';
import { ExternalError, UserError } from '@buildbot/shared';
import { type HostConfig, type LocalFacts, readHostConfig } from './config.ts';
import { checkHost, checkPort, checkUser } from './host-name.ts';
import type { SshTarget } from './port.ts';

export interface ResolveDeps {
  readonly local: LocalFacts;
  /** Read instead of the user's and the system's configuration, like `ssh -F`. */
  readonly configFile?: string | undefined;
  /** The program to ask; `ssh` by default. */
  readonly sshProgram?: string | undefined;
}

/** What the target says itself wins over the configuration. @throws UserError on a name no host or user may have */
export async function resolveHost(deps: ResolveDeps, target: SshTarget): Promise<HostConfig> {
  checkHost(target.host);
  if (target.port !== undefined) checkPort(target.port);
  if (target.user !== undefined) checkUser(target.user);
  const output = await askSsh(deps, target);
  const config = readHostConfig(output ?? '', target.host, deps.local);
  // The configuration may turn an alias into anything, and both end up in a `ProxyCommand`.
  checkHost(config.hostname);
  return {
    ...config,
    user: checkUser(target.user ?? config.user),
    port: checkPort(target.port ?? config.port),
  };
}

/** The output of `ssh -G`, or null if there is no such program. */
function askSsh(deps: ResolveDeps, target: SshTarget): Promise<string | null> {
  const { promise, resolve, reject } = Promise.withResolvers<string | null>();
  const child = execFile(
    deps.sshProgram ?? 'ssh',
    ['-G', ...options(deps, target), '--', target.host],
    { env: deps.local.env, encoding: 'utf8' },
    (error, stdout, stderr) => {
      if (!error) resolve(stdout);
      else if (error.code === 'ENOENT' && deps.configFile === undefined) resolve(null);
      else reject(failure(error, stderr, target));
    },
  );
  // A `Match exec` command must not read the terminal.
  child.stdin?.end();
  return promise;
}

/** Port and user are passed on, since `Match user` and tokens depend on them. */
function options(deps: ResolveDeps, { port, user }: SshTarget): string[] {
  return [
    ...(deps.configFile === undefined ? [] : ['-F', deps.configFile]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(user === undefined ? [] : ['-l', user]),
  ];
}

function failure(error: ExecFileException, stderr: string, { host }: SshTarget): Error {
  if (error.code === 'ENOENT') {
    return new UserError('Reading an SSH configuration file needs the ssh program, which is not installed');
  }
  const reason = stderr.trim() || error.message;
  const hint = 'Put your SSH configuration right and try again.';
  // It opens no connection: what it says no to with an exit code of its own is what it was given to read.
  if (typeof error.code === 'number') return new UserError(`ssh -G ${host}: ${reason}`, { hint });
  return new ExternalError(`ssh -G ${host}`, reason, { hint });
}
