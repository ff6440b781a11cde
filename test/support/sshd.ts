/**
 * A throw-away OpenSSH server on the loopback interface, for tests that must meet the real thing. Each one has its
 * own folder, host key, client key and `authorized_keys`, and lets in only the account that runs the tests (root
 * included). Nothing of the machine's own SSH configuration is read or written.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SshdOptions {
  /**
   * Content of `authorized_keys`: text as it is, or made from the generated client key's public line.
   * By default the client key may do everything.
   */
  readonly authorizedKeys?: string | ((clientPublicKey: string) => string);
  /** Lines of `sshd_config` that win over the built-in ones (in sshd the first wins). No `Match` blocks. */
  readonly extraConfig?: string;
  /** Where to listen on 127.0.0.1; an unused port by default. */
  readonly port?: number;
  /** A host key to use instead of a new one, to let a server come back as the same, or as another, host. */
  readonly hostKeyFile?: string;
  /** The server's environment (so what is on the `PATH` of remote commands); the test's own by default. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Sshd {
  readonly port: number;
  /** The account that can log in: the one that runs the tests. */
  readonly user: string;
  /** Folder of everything that belongs to this server; removed by `stop`. */
  readonly dir: string;
  readonly hostKeyFile: string;
  /** `ssh-ed25519 AAAA…` of the host key. */
  readonly hostPublicKey: string;
  /** The line for a `known_hosts` file: `[127.0.0.1]:PORT ssh-ed25519 AAAA…`. */
  readonly knownHostsLine: string;
  /** Path of the private client key (ed25519, no passphrase); the public one is beside it with `.pub`. */
  readonly clientKey: string;
  /** Adds lines to `authorized_keys`; they count from the next connection on. */
  authorize(lines: string): Promise<void>;
  /** All the server has said so far (`LogLevel VERBOSE`). */
  log(): string;
  /** Kills the processes that serve open connections, and keeps listening. */
  dropConnections(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a server and returns once it listens. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const dir = await mkdtemp(join(tmpdir(), 'sshd-'));
  const hostKeyFile = options.hostKeyFile ?? (await generateKey(join(dir, 'host_key')));
  const clientKey = await generateKey(join(dir, 'client_key'));
  const authorizedKeysFile = join(dir, 'authorized_keys');
  const clientPublicKey = await publicKeyOf(clientKey);
  const { authorizedKeys = clientPublicKey } = options;
  const allowed = typeof authorizedKeys === 'string' ? authorizedKeys : authorizedKeys(clientPublicKey);
  await writeFile(authorizedKeysFile, `${allowed.trimEnd()}\n`, { mode: 0o600 });
  await ensurePrivilegeSeparationDir();
  const server = await listen({ dir, hostKeyFile, authorizedKeysFile, options });
  const hostPublicKey = await publicKeyOf(hostKeyFile);
  return {
    port: server.port,
    user: userInfo().username,
    dir,
    hostKeyFile,
    hostPublicKey,
    knownHostsLine: `[127.0.0.1]:${server.port} ${hostPublicKey}`,
    clientKey,
    authorize: (lines) => appendFile(authorizedKeysFile, `${lines.trimEnd()}\n`),
    log: () => server.log.join('\n'),
    dropConnections: () => killTree(server.child, { keepRoot: true }),
    stop: async () => {
      await killTree(server.child, { keepRoot: false });
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Makes an ed25519 key at `path` (and `path.pub`) and returns the path. */
export async function generateKey(path: string, passphrase = '', type = 'ed25519'): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'test', '-f', path]);
  return path;
}

/** Type and base64 of a key's public half, without its comment. */
export async function publicKeyOf(path: string): Promise<string> {
  const [type, blob] = (await readFile(`${path}.pub`, 'utf8')).split(' ');
  return `${type} ${blob?.trim()}`;
}

interface Listening {
  readonly child: ChildProcess;
  readonly port: number;
  readonly log: string[];
}

interface ListenInput {
  readonly dir: string;
  readonly hostKeyFile: string;
  readonly authorizedKeysFile: string;
  readonly options: SshdOptions;
}

/** Another process may take an unused port before sshd does; then the next one is tried. */
async function listen(input: ListenInput): Promise<Listening> {
  for (let attempt = 1; ; attempt += 1) {
    const port = input.options.port ?? (await unusedPort());
    try {
      return await launch(input, port);
    } catch (error) {
      const isTaken = String(error).includes('Address already in use');
      if (!isTaken || attempt === 5) throw error;
    }
  }
}

async function launch(input: ListenInput, port: number): Promise<Listening> {
  const configFile = join(input.dir, 'sshd_config');
  await writeFile(configFile, await configOf(input, port));
  const child = spawn(await findSshd(), ['-D', '-e', '-f', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: input.options.env ?? process.env,
  });
  const log: string[] = [];
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  createInterface({ input: child.stderr }).on('line', (line) => {
    log.push(line);
    if (line.startsWith('Server listening on')) resolve();
  });
  child.once('error', reject);
  child.once('close', () => reject(new Error(`sshd did not start:\n${log.join('\n')}`)));
  await listening;
  return { child, port, log };
}

async function configOf({ dir, hostKeyFile, authorizedKeysFile, options }: ListenInput, port: number) {
  return [
    options.extraConfig ?? '',
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${hostKeyFile}`,
    `AuthorizedKeysFile ${authorizedKeysFile}`,
    `PidFile ${join(dir, 'sshd.pid')}`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin yes',
    'MaxStartups 200',
    'LogLevel VERBOSE',
    // Since 9.8 sshd shuts out an address that fails often, and all tests come from one address.
    (await sshVersion()) >= 9.8 ? 'PerSourcePenalties no' : '',
  ].join('\n');
}

async function sshVersion(): Promise<number> {
  const { stderr } = await run('ssh', ['-V']);
  return Number.parseFloat(/OpenSSH_(\d+\.\d+)/.exec(stderr)?.[1] ?? '0');
}

/** sshd insists on being started by its absolute path, and that is rarely on a user's PATH. */
async function findSshd(): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin" command -v sshd']);
  return stdout.trim();
}

/** Debian's sshd, started as root, refuses to run without this folder, which only its service unit creates. */
async function ensurePrivilegeSeparationDir(): Promise<void> {
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
}

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}

/**
 * Kills a server with all that came from it. Sessions leave the process group, so the tree is read from /proc
 * (elsewhere than on Linux only the server itself ends); the server goes first, or it would accept in between.
 */
async function killTree(child: ChildProcess, { keepRoot }: { keepRoot: boolean }): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const descendants = await descendantsOf(child.pid);
  if (!keepRoot) {
    const closed = once(child, 'close');
    child.kill('SIGKILL');
    for (const pid of descendants) killIfThere(pid);
    await closed;
    return;
  }
  for (const pid of descendants) killIfThere(pid);
}

async function descendantsOf(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '');
    // `pid (name) state ppid …`; the name may hold spaces and parentheses.
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
    parents.set(Number(name), parent);
  }
  const found = [root];
  for (const pid of found) for (const [child, parent] of parents) if (parent === pid) found.push(child);
  return found.slice(1);
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
