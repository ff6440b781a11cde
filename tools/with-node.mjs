/**
 * Run a script of this repository on a machine that may have only Node 20 and an untouched clone: install what the
 * lock file says if that has not been done, build what has changed, then run the script under the Node that npm
 * brought along. Plain JavaScript without dependencies, because it runs before anything is installed.
 *
 * usage: node tools/with-node.mjs SCRIPT [ARGUMENT...]
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const binDir = join(root, 'node_modules', '.bin');
const windows = process.platform === 'win32';

function run(command, args, options = {}) {
  const env = { ...process.env, PATH: `${binDir}${delimiter}${process.env.PATH ?? ''}` };
  const done = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', shell: windows, ...options });
  if (done.error) throw done.error;
  return done.status ?? 1;
}

/** Whether node_modules holds what the lock file says. npm keeps a lock of what it has installed there. */
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const installed = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, { version, link, optional }]) => {
    if (!path.startsWith('node_modules/')) return true;
    const found = installed[path];
    return found === undefined ? optional === true : link === true || found.version === version;
  });
}

/** `npm ci` where that has not been done. Its warnings are noise unless it fails. */
function install() {
  if (isInstalled()) return;
  process.stderr.write('installing dependencies (npm ci) ...\n');
  const done = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--ignore-scripts', '--loglevel=error'], {
    cwd: root,
    encoding: 'utf8',
    shell: windows,
  });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout}${done.stderr}\nnpm ci failed, see above\n`);
  process.exit(1);
}

/** The bundled Node where there is one for this platform, else the one that runs this. */
function nodeBinary() {
  const bundled = join(binDir, windows ? 'node.cmd' : 'node');
  if (existsSync(bundled)) return bundled;
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  process.stderr.write(
    `Node ${process.versions.node} is too old and npm has none for this platform: install Node 22.18 or newer.\n`,
  );
  process.exit(1);
}

const [script, ...args] = process.argv.slice(2);
if (script === undefined) {
  process.stderr.write('usage: node tools/with-node.mjs SCRIPT [ARGUMENT...]\n');
  process.exit(2);
}
install();
const node = nodeBinary();
const built = run(node, ['tools/build.mjs']);
if (built !== 0) process.exit(built);
process.exit(run(node, [script, ...args]));
