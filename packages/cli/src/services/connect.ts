/** From settings to a link: where the master is and how to get in. */
import { UserError } from '@buildbot/shared';
import type { Settings, SettingValues } from '../config/settings.ts';
import { addressLink, type MasterLink, SshLink } from './master-link.ts';
import type { Runtime } from './runtime.ts';
import { loadTransport } from './ssh-transport.ts';

/** How long a server may be silent before it is taken for a real Buildbot behind a forced command. */
const GREETING_TIMEOUT_MS = 5000;

/** The link for commands that follow or steer: the API's address if there is one, else SSH. */
export async function masterLink(settings: Settings, runtime: Runtime): Promise<MasterLink> {
  return settings.api === undefined
    ? sshLink(settings, runtime)
    : addressLink(settings.api, { ...settings, heartbeatMs: runtime.environment.heartbeatMs });
}

/** @throws UserError when the host is missing, or the connection is of a kind that is not spoken here. */
export async function sshLink(settings: Settings, runtime: Runtime): Promise<SshLink> {
  const { connect, host, port, username, jobdir, buildbotbin, ssh, sshConfig } = settings;
  if (connect !== 'ssh') {
    throw new UserError(`connect: '${connect}' is not spoken by this client`, {
      hint: 'Use --connect=ssh with --host and --jobdir.',
    });
  }
  if (host === undefined) {
    throw new UserError('where is the master? There is neither --host nor a .buildbot file that says it', {
      hint: 'Give --host and --jobdir (or --api), or write host: and jobdir: into a .buildbot file at the top of the source tree.',
    });
  }
  return new SshLink({
    transport: await loadTransport({ sshCommand: ssh, configFile: sshConfig }, runtime),
    target: { host, port, user: username },
    program: [buildbotbin],
    jobdir: jobdir ?? null,
    greetingTimeoutMs: GREETING_TIMEOUT_MS,
    heartbeatMs: runtime.environment.heartbeatMs,
  });
}

/** The flags that lead to the same master, for the line that attaches again. Only what was not read from a file. */
export function connectionWords(flags: SettingValues): string[] {
  const names = {
    api: 'api',
    host: 'host',
    port: 'port',
    username: 'username',
    jobdir: 'jobdir',
    buildbotbin: 'buildbotbin',
    ssh: 'ssh',
    sshConfig: 'ssh-config',
    tokenFile: 'token-file',
  } as const;
  return Object.entries(names).flatMap(([key, flag]) => {
    const value = flags[key as keyof typeof names];
    return value === undefined ? [] : [`--${flag}`, quoteWord(String(value))];
  });
}

/** For showing a command that can be copied; nothing is ever run from it. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9._/:=@%+,~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
