/**
 * Build everything: TypeScript of all packages (incremental, with project references), then the bundle and the command
 * manifest of the CLI. `npm run build` and npm's `prepare` run it.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const projects = ['shared', 'worker', 'master', 'cli'].map((name) => `packages/${name}`);

const compiled = spawnSync(process.execPath, [tsc, '-b', ...projects], { cwd: root, stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

const { build } = await import('../packages/cli/build.mjs');
await build();
