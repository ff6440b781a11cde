/**
 * Who is let in, and as whom: keys with forced commands, plain unix accounts, host keys, and what one user may do to
 * another's build. Everything over a real sshd, with OpenSSH's own client where it is the attacker's tool.
 */
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Finished, program, run, until } from '../support/processes.ts';
import { generateKey, publicKeyOf } from '../support/sshd.ts';
import { createWorld, type World } from '../support/world.ts';

/** `nobody` of every Unix: an account that owns nothing. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

let world: World;
let work: string;

beforeAll(async () => {
  world = await createWorld({
    builders: {
      quick: [{ type: 'shell', name: 'ok', command: ['true'] }],
      slow: [{ type: 'shell', name: 'wait', command: ['sleep', '600'] }],
    },
    start: false,
  });
  // Whoever reaches the directory may write it, as an administrator may set it up for plain accounts.
  await Promise.all([world.dir, world.basedir].map((folder) => chmod(folder, 0o755)));
  await openToAll(world.jobdir);
  await world.startMaster();
  await world.startWorker();
  await world.addUser('bob');
  work = await world.clone();
});

afterAll(() => world.remove());

beforeEach(async () => expect(await jobFiles()).toEqual([]));

async function openToAll(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, 0o777);
}

/** What lies in the try directory and was not taken in. */
async function jobFiles(): Promise<string[]> {
  const folders = await Promise.all(
    ['tmp', 'new'].map((name) => readdir(join(world.jobdir, name)).catch(() => [])),
  );
  return folders.flat();
}

/** OpenSSH's own client with the developer's configuration. */
function ssh(...args: string[]): Promise<Finished> {
  return run(['ssh', '-F', world.configFile, '-o', 'BatchMode=yes', ...args], { env: world.env });
}

function tryAs(user: string, ...more: string[]): Promise<Finished> {
  return world.buildbot(work, ['try', '--host', user, '-b', 'quick', ...more]);
}

interface BuildSet {
  bsid: number;
  submitter?: string;
  reason: string;
}

async function buildSets(): Promise<BuildSet[]> {
  return (await world.api<{ buildsets: BuildSet[] }>('/api/v2/buildsets')).buildsets;
}

async function newestReason(): Promise<string | undefined> {
  return (await buildSets()).toSorted((a, b) => b.bsid - a.bsid)[0]?.reason;
}

/** Run something that must not queue anything. */
async function sendsNothing<T>(action: () => Promise<T>): Promise<T> {
  const before = (await buildSets()).length;
  const outcome = await action();
  expect(await jobFiles()).toEqual([]);
  expect((await buildSets()).length).toBe(before);
  return outcome;
}

test('a key that the server does not list ends with 5', async () => {
  const clientKey = await world.ssh.newKey('key-stranger');
  await world.ssh.addHost('stranger', { ...world.sshd, clientKey });
  const { code, stderr } = await sendsNothing(() => tryAs('stranger'));
  expect(stderr).toMatch(/did not let .* in/);
  expect(code).toBe(5);
});

test('a key that was removed is refused on the next connection', async () => {
  await world.addUser('leaver');
  expect((await tryAs('leaver', '--quiet')).code).toBe(0);
  const file = join(world.sshd.dir, 'authorized_keys');
  const lines = (await readFile(file, 'utf8')).split('\n');
  await writeFile(file, lines.filter((line) => !line.includes('--user leaver')).join('\n'));
  expect((await sendsNothing(() => tryAs('leaver'))).code).toBe(5);
});

test('a client cannot name another user in the command it asks for', async () => {
  const command = `buildbot tryserver --jobdir ${world.jobdir} --user bob --attach`;
  const { code, stderr } = await sendsNothing(() => ssh('alice', command));
  expect(stderr).toContain('may not submit in the name of bob');
  expect(code).not.toBe(0);
});

test('who the job says it is from is its author, never its submitter', async () => {
  expect((await tryAs('alice', '--quiet', '--who', 'bob')).code).toBe(0);
  expect(await newestReason()).toBe("'try' job by user alice");
});

test('the environment a client sends names nobody', async () => {
  const sent = await run(
    ['ssh', '-F', world.configFile, '-o', 'SendEnv=USER LOGNAME SUDO_USER', 'alice', 'buildbot tryserver'],
    { env: { ...world.env, USER: 'bob', LOGNAME: 'bob', SUDO_USER: 'bob' }, input: jobOf('sent-env') },
  );
  expect(sent.code).toBe(0);
  await until('the job to be taken in', async () => (await newestReason())?.includes('alice'));
});

/** A version 5 job file of Buildbot's own client, without a patch. */
function jobOf(jobId: string, more: Record<string, unknown> = {}): string {
  const json = JSON.stringify({
    ...{ jobid: jobId, branch: 'main', baserev: '', patch_level: 1, patch_body: null, repository: '' },
    ...{ project: '', who: 'bob', comment: null, builderNames: ['quick'], properties: {}, ...more },
  });
  return `1:5,${json.length}:${json},`;
}

test.each([
  ['another command', ['alice', 'id'], /only allows: buildbot tryserver/],
  ['a command behind the right one', ['alice', 'buildbot tryserver; id'], /unexpected argument|only allows/],
  ['a shell', ['alice'], /nothing came on standard input/],
  ['another directory', ['alice', 'buildbot tryserver --jobdir /etc --bogus'], /unexpected argument/],
  ['a file transfer', ['-s', 'alice', 'sftp'], /only allows|subsystem request failed/],
])('a restricted key runs nothing but tryserver: %s', async (_, args, reason) => {
  const { code, stdout, stderr } = await sendsNothing(() => ssh(...args));
  expect(stdout + stderr).toMatch(reason);
  expect(stdout + stderr).not.toContain('uid=');
  expect(code).not.toBe(0);
});

test('a restricted key gets no terminal and no forwarding in either direction', async () => {
  const secret = createServer((socket) => socket.end('reached')).listen(0, '127.0.0.1');
  const { port } = await new Promise<{ port: number }>((resolve) =>
    secret.on('listening', () => resolve(secret.address() as { port: number })),
  );
  try {
    const terminal = await ssh('-tt', 'alice', 'buildbot tryserver');
    expect(terminal.stderr).toContain('PTY allocation request failed');
    const there = await ssh('-W', `127.0.0.1:${port}`, 'alice');
    expect(there.stdout).not.toContain('reached');
    expect(there.stderr).toMatch(/administratively prohibited/);
    const back = await ssh('-o', 'ExitOnForwardFailure=yes', '-N', '-R', `0:127.0.0.1:${port}`, 'alice');
    expect(back.stderr).toMatch(/remote port forwarding failed/);
  } finally {
    secret.close();
  }
});

/** Replace the known hosts for the time of an action. */
async function withKnownHosts<T>(text: string, action: () => Promise<T>): Promise<T> {
  const before = await world.ssh.knownHosts();
  await writeFile(world.ssh.knownHostsFile, text);
  try {
    return await action();
  } finally {
    await writeFile(world.ssh.knownHostsFile, before);
  }
}

/** How often a key was accepted so far. */
const logins = (): number => world.sshd.log().split('Accepted publickey').length - 1;

test('a changed host key ends with 5 before a key is shown to the host', async () => {
  const other = await publicKeyOf(await generateKey(join(world.dir, 'other-host')));
  const before = logins();
  const { code, stderr } = await withKnownHosts(`[127.0.0.1]:${world.sshd.port} ${other}\n`, () =>
    sendsNothing(() => tryAs('alice')),
  );
  expect(stderr).toMatch(/key .*chang|chang.* key/i);
  expect(code).toBe(5);
  expect(logins()).toBe(before);
});

test('an unknown host is refused where nobody can be asked, and not remembered', async () => {
  const before = logins();
  const outcome = await withKnownHosts('', async () => {
    const ended = await sendsNothing(() => tryAs('alice'));
    return { ...ended, remembered: await world.ssh.knownHosts() };
  });
  expect(outcome.stderr).toMatch(/is not a known host, and nobody can be asked/);
  expect([outcome.code, outcome.remembered, logins()]).toEqual([5, '', before]);
});

test('a user stops their own builds and nobody else’s', async () => {
  const bob = world.startBuildbot(work, ['try', '--host', 'bob', '-b', 'slow', '--json']);
  const buildId = await until('the build to run', async () => {
    const { builds } = await world.api<{ builds: { buildid: number; complete: boolean }[] }>(
      '/api/v2/builds',
    );
    return builds.find(({ complete }) => !complete)?.buildid;
  });
  const alice = await world.buildbot(work, ['stop', '--host', 'alice', String(buildId), '--reason', 'mine']);
  expect(alice.stdout + alice.stderr).toContain('this was asked for by bob, and you are alice');
  expect(alice.code).not.toBe(0);
  const { builds } = await world.api<{ builds: { complete: boolean }[] }>(`/api/v2/builds/${buildId}`);
  expect(builds[0]?.complete).toBe(false);
  const own = await world.buildbot(work, ['stop', '--host', 'bob', String(buildId), '--reason', 'enough']);
  expect([own.code, own.stderr]).toEqual([0, '']);
  const { code, stdout } = await bob.finished;
  expect(code).toBe(3);
  expect(stdout).toMatch(/bob/);
});

describeAsRoot('a plain unix account', () => {
  /** A key whose forced command sheds every right: what `ssh` gives to an account of its own. */
  async function addAccount(alias: string, ...words: string[]): Promise<void> {
    const clientKey = await world.ssh.newKey(`key-${alias}`);
    const shed = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
    const command = [...shed, ...program('cli', 'tryserver', ...words)].join(' ');
    await world.sshd.authorize(`restrict,command="${command}" ${await publicKeyOf(clientKey)}`);
    await world.ssh.addHost(alias, { ...world.sshd, clientKey });
  }

  test('that may write the directory submits under its own name', async () => {
    await addAccount('plain', '--jobdir', world.jobdir);
    expect((await tryAs('plain', '--quiet')).code).toBe(0);
    expect(await newestReason()).toBe("'try' job by user nobody");
  });

  test('that is no gateway cannot lend itself a name', async () => {
    await addAccount('pretender', '--jobdir', world.jobdir, '--user', 'alice');
    const { code, stderr } = await sendsNothing(() => tryAs('pretender'));
    expect(stderr).toContain('account nobody may not submit in the name of alice');
    expect(code).toBe(5);
  });

  test('that puts a name into a file name itself is refused by the owner of the file', async () => {
    const script = 'umask 022; cat > tmp/forged && mv tmp/forged "new/forged,user=alice"';
    const account = { cwd: world.jobdir, uid: NOBODY, gid: NOBODY };
    await run(['sh', '-c', script], { ...account, input: jobOf('forged-name') });
    const reason = join(world.jobdir, 'failed', 'forged,user=alice.reason');
    expect(await until('a reason', () => readFile(reason, 'utf8').catch(() => null))).toContain(
      'account nobody may not submit in the name of alice',
    );
  });

  test('that may not write the directory is told so and sends nothing', async () => {
    const locked = join(world.dir, 'locked');
    for (const folder of ['tmp', 'new']) await mkdir(join(locked, folder), { recursive: true });
    await addAccount('outsider', '--jobdir', locked);
    const { code, stderr } = await sendsNothing(() => tryAs('outsider'));
    expect(stderr).toContain(`this account may not write to the try directory ${locked}`);
    expect(code).toBe(5);
  });
});

/** Changing accounts takes root; elsewhere these tests are shown as skipped. */
function describeAsRoot(name: string, define: () => void): void {
  describe.skipIf(!isRoot)(name, define);
}
