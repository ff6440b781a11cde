/**
 * Bundles what `tsc` made of the CLI and writes oclif's manifest. Two entries: `main` with every command behind it, each
 * in a chunk of its own, and `tryserver`, which is on every try's path and stays small. Unbundled, a light command
 * takes 250 ms to start; bundled, about 100 (2026-11).
 */
import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build as esbuild } from 'esbuild';

const HERE = fileURLToPath(new URL('.', import.meta.url));
const OUT = 'dist/bundle';

/** CommonJS inside an ES module looks for these. */
const BANNER = [
  "import { createRequire as __createRequire } from 'node:module';",
  "import { dirname as __dirnameOf } from 'node:path';",
  "import { fileURLToPath as __pathOf } from 'node:url';",
  'const require = __createRequire(import.meta.url);',
  'const __filename = __pathOf(import.meta.url);',
  'const __dirname = __dirnameOf(__filename);',
].join('');

/** Native code and whole daemons are loaded from `node_modules`, and only by those who need them. */
const EXTERNAL = ['better-sqlite3', 'cpu-features', '*.node', '@buildbot/master', '@buildbot/worker'];

/** Ink asks for React's developer tools, which are not installed. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(build) {
    build.onResolve({ filter: /^react-devtools-core$/ }, ({ path }) => ({ path, namespace: 'stub' }));
    build.onLoad({ filter: /.*/, namespace: 'stub' }, () => ({ contents: 'export default {};' }));
  },
};

/** Of yaml its ES modules: a CommonJS module that is imported dynamically comes without its names. */
const esmYaml = {
  name: 'esm-yaml',
  setup(build) {
    const path = fileURLToPath(new URL('../browser/index.js', import.meta.resolve('yaml')));
    build.onResolve({ filter: /^yaml$/ }, () => ({ path }));
  },
};

/** Modules of `@buildbot/shared` only define things: those that nobody uses can go, and zod with them. */
const pureShared = {
  name: 'pure-shared',
  setup(build) {
    build.onResolve({ filter: /^@buildbot\/shared$/ }, () => ({
      path: fileURLToPath(new URL('../shared/dist/index.js', import.meta.url)),
      sideEffects: false,
    }));
    build.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      if (!resolveDir.includes('/shared/dist')) return undefined;
      return { path: fileURLToPath(new URL(path, `file://${resolveDir}/`)), sideEffects: false };
    });
  },
};

/** Bundle and manifest. Expects `tsc -b` to have run. */
export async function build() {
  const fresh = `${OUT}-${process.pid}`;
  const entries = ['main', 'tryserver'].filter((name) =>
    existsSync(new URL(`dist/${name}.js`, import.meta.url)),
  );
  await esbuild({
    absWorkingDir: HERE,
    entryPoints: entries.map((name) => `dist/${name}.js`),
    outdir: fresh,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node22.18',
    minify: true,
    legalComments: 'linked',
    define: { 'process.env.NODE_ENV': '"production"' },
    banner: { js: BANNER },
    external: EXTERNAL,
    plugins: [withoutDevtools, esmYaml, pureShared],
    logLevel: 'warning',
  });
  await replace(OUT, fresh);
  await writeManifest();
}

/** Commands that start meanwhile find the old bundle or the new one, whole. */
async function replace(name, fresh) {
  const [old, target, source] = [`${fresh}-old`, name, fresh].map((path) => new URL(path, import.meta.url));
  if (existsSync(target)) await rename(target, old);
  await rename(source, target);
  await rm(old, { recursive: true, force: true });
}

/** What `oclif manifest` would write, by the library alone. */
async function writeManifest() {
  const { Config } = await import('@oclif/core');
  const manifest = new URL('oclif.manifest.json', import.meta.url);
  await rm(manifest, { force: true });
  const config = await Config.load({ root: HERE, ignoreManifest: true });
  const { version } = JSON.parse(await readFile(new URL('package.json', import.meta.url), 'utf8'));
  const commands = Object.fromEntries(
    config.commands.map(({ load: _, ...command }) => [command.id, command]),
  );
  await writeFile(manifest, `${JSON.stringify({ commands, version }, null, 2)}\n`);
}
