/** `npm run bench -- NAME [ARGUMENT...]`: one benchmark; without a name, the list. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.replace('.bench.ts', ''));
const [name, ...args] = process.argv.slice(2);
if (name === undefined || !existsSync(`${folder}${name}.bench.ts`)) {
  console.log(`usage: npm run bench -- NAME\n\n${names.map((known) => `  ${known}`).join('\n')}`);
  process.exit(name === undefined ? 0 : 2);
}
const done = spawnSync(process.execPath, [`${folder}${name}.bench.ts`, ...args], { stdio: 'inherit' });
process.exit(done.status ?? 1);
