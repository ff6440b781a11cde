/**
 * The parts of `docs/` that the code itself can tell: tables of configuration keys, commands and API paths, written
 * between `<!-- generated: NAME -->` and `<!-- end -->`, and JSON Schemas of the
 * configurations and of what the command line prints. `test/structure/docs.test.ts` fails when one is stale.
 *
 * usage: node tools/with-node.mjs tools/reference.ts
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiMethods, apiPaths } from './reference/api.ts';
import { cliCommands, cliSettings } from './reference/cli.ts';
import { masterKeys, stepOptions, workerKeys } from './reference/configuration.ts';
import { masterJsonSchema, outputJsonSchema, workerJsonSchema } from './reference/json-schema.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));
const REGION = /(<!-- generated: ([a-z .-]+) -->\n)[\s\S]*?(<!-- end -->)/g;

/** What stands in a region, by its name. */
const GENERATORS: ReadonlyMap<string, () => string | Promise<string>> = new Map<
  string,
  () => string | Promise<string>
>([
  ['master.yaml', masterKeys],
  ['steps', stepOptions],
  ['worker.yaml', workerKeys],
  ['settings', cliSettings],
  ['commands', cliCommands],
  ['paths', apiPaths],
  ['methods', apiMethods],
]);

/** Files that are generated whole, by their name in `docs/`. */
const SCHEMAS: ReadonlyMap<string, () => object> = new Map([
  ['master.schema.json', masterJsonSchema],
  ['output.schema.json', outputJsonSchema],
  ['worker.schema.json', workerJsonSchema],
]);

/** A page as it is and as it should be. */
export interface Page {
  name: string;
  text: string;
  fresh: string;
}

/** Every page that has a region, in the order of their names. Throws for a region of an unknown name. */
export async function referencePages(): Promise<Page[]> {
  const names = readdirSync(DOCS).filter((name) => name.endsWith('.md'));
  const pages = await Promise.all(names.toSorted().map(pageOf));
  return pages.filter(({ text }) => text.includes('<!-- generated: '));
}

/** Every schema; one that is not there yet has no text. */
export function schemaPages(): Page[] {
  return [...SCHEMAS].map(([name, generate]) => {
    const path = join(DOCS, name);
    const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
    return { name, text, fresh: `${JSON.stringify(generate(), null, 2)}\n` };
  });
}

async function pageOf(name: string): Promise<Page> {
  const text = readFileSync(join(DOCS, name), 'utf8');
  let fresh = text;
  for (const [whole, begin, region, end] of text.matchAll(REGION)) {
    const generate = GENERATORS.get(region ?? '');
    if (generate === undefined) throw new Error(`docs/${name}: nothing generates '${region}'`);
    const made = await generate();
    fresh = fresh.replace(whole, () => `${begin}\n${made.trim()}\n\n${end}`);
  }
  return { name, text, fresh };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const { name, text, fresh } of [...(await referencePages()), ...schemaPages()]) {
    if (text === fresh) continue;
    writeFileSync(join(DOCS, name), fresh);
    process.stdout.write(`docs/${name}\n`);
  }
}
