/** `npm run chaos`: see docs/architecture/chaos.md. Starts the TypeScript of the harness on the packages' sources. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const child = spawn(process.execPath, ['-C', 'source', main, ...process.argv.slice(2)], { stdio: 'inherit' });
// The terminal sends Ctrl-C to both; who decides is the child.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined);
child.on('exit', (code) => process.exit(code ?? 1));
