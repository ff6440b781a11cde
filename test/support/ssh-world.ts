/**
 * One user's side of SSH for a test: a folder with its own configuration, known hosts, keys and, if wanted, a real
 * agent. `configFile` goes to `ssh -F` or to the CLI's transport; the machine's own configuration never counts.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generateKey, type Sshd } from './sshd.ts';

const run = promisify(execFile);

export interface SshWorld {
  readonly dir: string;
  readonly configFile: string;
  readonly knownHostsFile: string;
  /** The environment of the user's programs: the test's own, without its agent. */
  readonly env: Readonly<Record<string, string | undefined>>;
  path(name: string): string;
  /** Adds an alias for a server: its address and port, this world's known hosts, and `lines` in front of them. */
  addHost(alias: string, sshd: Sshd, lines?: readonly string[]): Promise<void>;
  /** Adds lines to the configuration as they are. */
  configure(...lines: string[]): Promise<void>;
  trust(...lines: string[]): Promise<void>;
  knownHosts(): Promise<string>;
  newKey(name: string, passphrase?: string, type?: string): Promise<string>;
  /** Starts an agent that holds these keys and returns its socket. */
  startAgent(...keys: string[]): Promise<string>;
  remove(): Promise<void>;
}

export async function createSshWorld(): Promise<SshWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'ssh-world-'));
  const path = (name: string) => join(dir, name);
  const configFile = path('config');
  const knownHostsFile = path('known_hosts');
  const { SSH_AUTH_SOCK: _, ...env } = process.env;
  const stops: (() => Promise<void>)[] = [];
  await writeFile(configFile, '');
  await writeFile(knownHostsFile, '');
  const configure = (...lines: string[]) => appendFile(configFile, `${lines.join('\n')}\n`);
  return {
    dir,
    configFile,
    knownHostsFile,
    env,
    path,
    configure,
    addHost: (alias, sshd, lines = []) =>
      configure(
        `Host ${alias}`,
        ...lines,
        'HostName 127.0.0.1',
        `Port ${sshd.port}`,
        `UserKnownHostsFile ${knownHostsFile}`,
        'GlobalKnownHostsFile none',
        `IdentityFile ${sshd.clientKey}`,
        'IdentityAgent none',
        'ControlPath none',
      ),
    trust: (...lines) => appendFile(knownHostsFile, `${lines.join('\n')}\n`),
    knownHosts: () => readFile(knownHostsFile, 'utf8'),
    newKey: (name, passphrase, type) => generateKey(path(name), passphrase, type),
    startAgent: async (...keys) => {
      const agent = await startAgent(path(`agent-${stops.length}`), keys);
      stops.push(agent.stop);
      return agent.socket;
    },
    remove: async () => {
      await Promise.all(stops.map((stop) => stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function startAgent(socket: string, keys: readonly string[]) {
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  // It names its socket once it listens there.
  await once(agent.stdout, 'data');
  for (const key of keys)
    await run('ssh-add', ['-q', key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
  const stop = async () => {
    const closed = once(agent, 'close');
    agent.kill();
    await closed;
  };
  return { socket, stop };
}
