/**
 * `npm run demo`: the main job on real parts, in a temporary folder and on loopback only. A git server, a master with
 * its own SSH endpoint, a worker, and a developer who has nothing but SSH: first a change that passes, then one that
 * does not. Everything is removed at the end.
 */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name, program) => join(root, 'packages', name, 'bin', `${program}.js`);
const { utils } = createRequire(join(root, 'packages/cli/package.json'))('ssh2');

const folder = mkdtempSync(join(tmpdir(), 'buildbot-demo-'));
const at = (...path) => join(folder, ...path);
const daemons = [];

function say(text) {
  const [on, off] = process.stdout.isTTY && !process.env.NO_COLOR ? ['\x1b[1m', '\x1b[0m'] : ['', ''];
  console.log(`\n${on}${text}${off}`);
}

/** Run a program that must succeed. */
function run(command, args, options = {}) {
  const done = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

function git(...args) {
  const identity = [
    '-c',
    'user.name=Demo',
    '-c',
    'user.email=demo@example.org',
    '-c',
    'init.defaultBranch=main',
  ];
  return run('git', [...identity, ...args]);
}

/** Start a daemon in the foreground of its own process; its ready line is the result. */
function startDaemon(script, basedir) {
  const child = spawn(process.execPath, [script, 'run', basedir], { stdio: ['ignore', 'pipe', 'pipe'] });
  daemons.push(child);
  return new Promise((resolve, reject) => {
    let output = '';
    const look = (chunk) => {
      output += chunk;
      const ready = /^buildbot-\w+ ready.*$/m.exec(output);
      if (ready) resolve(ready[0]);
    };
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('exit', (code) => reject(new Error(`${script} ended with ${code}:\n${output}`)));
  });
}

/** The project's upstream repository, as a server would hold it. */
function makeUpstream() {
  cpSync(join(root, 'examples', 'wordcount'), at('seed'), { recursive: true });
  git('init', '-q', at('seed'));
  git('-C', at('seed'), 'add', '-A');
  git('-C', at('seed'), 'commit', '-q', '-m', 'A word counter');
  git('clone', '-q', '--bare', at('seed'), at('wordcount.git'));
}

/** A master on the "server", with one key that may submit as alice, and a worker. */
async function startServer() {
  const basedir = at('master');
  mkdirSync(basedir);
  const source = `{ type: git, repository: ${JSON.stringify(at('wordcount.git'))}, branch: main, mode: full, method: clean }`;
  const node = JSON.stringify(process.execPath);
  writeFileSync(
    join(basedir, 'master.yaml'),
    `title: Demo
listen: { workers: 127.0.0.1:0, ssh: { address: 127.0.0.1:0 } }
workers:
  - { name: w1, password: demo, maxBuilds: 2 }
builders:
  - name: unit
    workers: [w1]
    steps:
      - ${source}
      - { type: shell, name: test, command: [${node}, --test, --test-reporter=tap], tests: { format: tap }, timeout: 5m }
  - name: style
    workers: [w1]
    steps:
      - ${source}
      - { type: shell, name: syntax, command: [${node}, --check, src/wordcount.js], timeout: 1m }
schedulers:
  - { type: try, name: try, builders: [unit, style], jobdir: try }
`,
    { mode: 0o600 },
  );
  const key = utils.generateKeyPairSync('ed25519');
  mkdirSync(at('home', '.ssh'), { recursive: true, mode: 0o700 });
  writeFileSync(at('home', '.ssh', 'id_ed25519'), key.private, { mode: 0o600 });
  const command = [
    process.execPath,
    bin('cli', 'buildbot'),
    'tryserver',
    '--jobdir',
    join(basedir, 'try'),
    '--user',
    'alice',
  ];
  const forced = command.map((word) => `'${word}'`).join(' ');
  writeFileSync(
    join(basedir, 'authorized_keys'),
    `restrict,command="${forced}" ${key.public} alice@laptop\n`,
  );
  const ready = await startDaemon(bin('master', 'buildbot-master'), basedir);
  const workers = /workers (ws:\S+?)(,|$)/.exec(ready)[1];
  run(process.execPath, [
    bin('worker', 'buildbot-worker'),
    'create',
    at('worker'),
    '--master',
    workers,
    '--name',
    'w1',
    '--password',
    'demo',
  ]);
  await startDaemon(bin('worker', 'buildbot-worker'), at('worker'));
  return Number(/ssh 127\.0\.0\.1:(\d+)/.exec(ready)[1]);
}

/** The developer's laptop: a clone, a `.buildbot` that says where the master is, and an SSH key. */
function makeLaptop(port) {
  git('clone', '-q', at('wordcount.git'), at('laptop'));
  const server = `connect: ssh\nhost: 127.0.0.1\nport: ${port}\nusername: ci\njobdir: ${at('master', 'try')}\n`;
  writeFileSync(at('laptop', '.buildbot'), server);
  const hostKey = readFileSync(at('master', 'ssh_host_key.pub'), 'utf8').trim();
  const knownHosts = at('home', '.ssh', 'known_hosts');
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n`);
  const identity = at('home', '.ssh', 'id_ed25519');
  writeFileSync(
    at('home', 'ssh_config'),
    `IdentityFile ${identity}\nIdentityAgent none\nUserKnownHostsFile ${knownHosts}\nGlobalKnownHostsFile none\n`,
  );
}

/** Change a file of the laptop's working copy. */
function edit(path, change) {
  writeFileSync(at('laptop', path), change(readFileSync(at('laptop', path), 'utf8')));
}

/** `buildbot try` as the developer sees it: on this very terminal. Its exit code is the result. */
function tryIt() {
  const env = { ...process.env, HOME: at('home'), XDG_CONFIG_HOME: at('home', '.config'), SSH_AUTH_SOCK: '' };
  console.log('$ buildbot try');
  const child = spawn(
    process.execPath,
    [bin('cli', 'buildbot'), 'try', '--ssh-config', at('home', 'ssh_config')],
    {
      cwd: at('laptop'),
      stdio: 'inherit',
      env,
    },
  );
  return new Promise((resolve) => child.on('exit', resolve));
}

async function stopDaemons() {
  await Promise.all(
    daemons.map((child) => {
      if (child.exitCode !== null) return undefined;
      const gone = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      return gone;
    }),
  );
}

async function demo() {
  say('A git server, a master with an SSH endpoint, and a worker: all on loopback');
  makeUpstream();
  makeLaptop(await startServer());
  say('A change that should pass: a comment, and a new file that git does not know yet');
  edit('src/wordcount.js', (text) => text.replace('/** Lines, words', '/** How many lines, words'));
  writeFileSync(at('laptop', 'NOTES.txt'), 'untracked files travel, too\n');
  const passed = await tryIt();
  say('A change that should not: words are counted wrong');
  edit('src/wordcount.js', (text) => text.replace("word !== ''", 'word.length > 1'));
  const failed = await tryIt();
  say(
    passed === 0 && failed === 1
      ? 'As expected: exit codes 0 and 1.'
      : `Unexpected exit codes: ${passed} and ${failed}.`,
  );
  return passed === 0 && failed === 1 ? 0 : 1;
}

// Ctrl-C belongs to the try on the screen; what was started here is cleaned up below in any case.
process.on('SIGINT', () => undefined);
try {
  process.exitCode = await demo();
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await stopDaemons();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
