/**
 * What the user's SSH configuration says about one host, as `ssh -G HOST` prints it: one `keyword value` per line,
 * keywords in lower case, `Host`, `Match` and `Include` already evaluated (ssh(1), ssh_config(5)). Pure; the program
 * is run by `resolve.ts`.
 */

import { join } from 'node:path';
import { expandPath, type TokenValues } from './tokens.ts';

export type StrictHostKeyChecking = 'yes' | 'ask' | 'accept-new' | 'no';

/** One host with everything needed to connect to it. Paths are absolute. */
export interface HostConfig {
  /** What the user called it. */
  readonly alias: string;
  /** What is connected to. */
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  /** In the order in which they are tried. Defaults that do not exist are among them. */
  readonly identityFiles: readonly string[];
  /** Whether only keys named by `identityFiles` may be offered, even if the agent holds more. */
  readonly identitiesOnly: boolean;
  /** Path of the agent's socket; null for none. */
  readonly identityAgent: string | null;
  /** In order; new hosts are added to the first. */
  readonly userKnownHostsFiles: readonly string[];
  readonly globalKnownHostsFiles: readonly string[];
  readonly strictHostKeyChecking: StrictHostKeyChecking;
  readonly hashKnownHosts: boolean;
  /** The name under which the host's key is looked up, without a port, instead of its own. */
  readonly hostKeyAlias: string | undefined;
  /** Algorithm names in order of preference; undefined without a preference. */
  readonly hostKeyAlgorithms: readonly string[] | undefined;
  /** `[user@]host[:port]`, separated by commas. */
  readonly proxyJump: string | undefined;
  /** A shell command that talks to the host on its standard input and output; `%h %p %r %n` not yet replaced. */
  readonly proxyCommand: string | undefined;
  readonly connectTimeoutMs: number | undefined;
  /** 0 for the default. */
  readonly keepaliveIntervalMs: number;
}

/** Facts of this machine that configuration values refer to. */
export interface LocalFacts {
  /** The account's home folder: what `~` and `%d` mean. */
  readonly homeDir: string;
  /** The account's name: the user to log in as if nothing else is said, and `%u`. */
  readonly userName: string;
  /** The name of this machine, `%l`. */
  readonly hostName: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_PORT = 22;
// ssh_config(5), IdentityFile, without the security keys and types that ssh2 cannot use.
const DEFAULT_IDENTITIES = ['id_rsa', 'id_ecdsa', 'id_ed25519'];

const DEFAULT_USER_KNOWN_HOSTS = ['~/.ssh/known_hosts', '~/.ssh/known_hosts2'];
const DEFAULT_GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];

/** Reads `ssh -G` output. Missing keywords get OpenSSH's defaults, so the empty text is a host without any configuration. */
export function readHostConfig(output: string, alias: string, local: LocalFacts): HostConfig {
  const values = parseKeywords(output);
  const one = (keyword: string) => meaningful(values.get(keyword)?.[0]);
  const hostname = one('hostname') ?? alias;
  const port = Number(one('port') ?? DEFAULT_PORT);
  const user = one('user') ?? local.userName;
  const hostKeyAlias = one('hostkeyalias');
  const tokens = tokenValues({ alias, hostname, port, user, hostKeyAlias, local });
  const path = (value: string) => expandPath(value, tokens, local);
  return {
    alias,
    hostname,
    port,
    user,
    identityFiles: identityFiles(values, local).map(path),
    identitiesOnly: one('identitiesonly') === 'yes',
    identityAgent: identityAgent(values, local, path),
    userKnownHostsFiles: pathList(values.get('userknownhostsfile') ?? DEFAULT_USER_KNOWN_HOSTS).map(path),
    globalKnownHostsFiles: pathList(values.get('globalknownhostsfile') ?? DEFAULT_GLOBAL_KNOWN_HOSTS).map(
      path,
    ),
    strictHostKeyChecking: strictness(one('stricthostkeychecking')),
    hashKnownHosts: one('hashknownhosts') === 'yes',
    hostKeyAlias,
    hostKeyAlgorithms: one('hostkeyalgorithms')?.split(','),
    proxyJump: one('proxyjump'),
    proxyCommand: one('proxycommand'),
    connectTimeoutMs: secondsToMs(one('connecttimeout')),
    keepaliveIntervalMs: secondsToMs(one('serveraliveinterval')) ?? 0,
  };
}

/** Keywords may come several times (`identityfile`); the values are kept in their order. */
function parseKeywords(output: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const line of output.split('\n')) {
    const [, keyword, value] = /^(\S+) (.*?)\r?$/.exec(line) ?? [];
    if (keyword === undefined || value === undefined) continue;
    const all = values.get(keyword) ?? [];
    all.push(value);
    values.set(keyword, all);
  }
  return values;
}

/** `none` is how ssh writes an unset path, alias or duration. */
function meaningful(value: string | undefined): string | undefined {
  return value === undefined || value === '' || value.toLowerCase() === 'none' ? undefined : value;
}

function identityFiles(values: Map<string, string[]>, local: LocalFacts): string[] {
  const configured = values.get('identityfile');
  if (configured) return configured.filter((file) => meaningful(file) !== undefined);
  return DEFAULT_IDENTITIES.map((name) => join(local.homeDir, '.ssh', name));
}

/** `IdentityAgent` is a path, `SSH_AUTH_SOCK`, `$NAME` of an environment variable, or `none`. */
function identityAgent(
  values: Map<string, string[]>,
  local: LocalFacts,
  path: (value: string) => string,
): string | null {
  const configured = values.get('identityagent')?.[0] ?? 'SSH_AUTH_SOCK';
  if (meaningful(configured) === undefined) return null;
  if (configured === 'SSH_AUTH_SOCK') return local.env.SSH_AUTH_SOCK || null;
  const variable = /^\$(\w+)$/.exec(configured)?.[1];
  if (variable !== undefined) return local.env[variable] || null;
  return path(configured);
}

/** `ssh -G` prints paths unquoted and separated by blanks, so a path with a blank in it cannot be told apart. */
function pathList(values: readonly string[]): string[] {
  return values.flatMap((value) => value.split(/\s+/)).filter((path) => meaningful(path) !== undefined);
}

function strictness(value: string | undefined): StrictHostKeyChecking {
  switch (value) {
    case 'yes':
    case 'true':
      return 'yes';
    case 'no':
    case 'off':
    case 'false':
      return 'no';
    case 'accept-new':
      return 'accept-new';
    default:
      return 'ask';
  }
}

function secondsToMs(value: string | undefined): number | undefined {
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

interface TokenSources {
  readonly alias: string;
  readonly hostname: string;
  readonly port: number;
  readonly user: string;
  readonly hostKeyAlias: string | undefined;
  readonly local: LocalFacts;
}

function tokenValues({ alias, hostname, port, user, hostKeyAlias, local }: TokenSources): TokenValues {
  return {
    d: local.homeDir,
    h: hostname,
    k: hostKeyAlias ?? alias,
    l: local.hostName,
    L: local.hostName.split('.', 1)[0] ?? local.hostName,
    n: alias,
    p: String(port),
    r: user,
    u: local.userName,
  };
}
