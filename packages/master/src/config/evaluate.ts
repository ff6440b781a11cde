/**
 * The child process of `load.ts`: import a configuration written as code and print its default export as one line of
 * JSON. What a configuration is must be plain data; the first thing that is not is named.
 */
import { registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';

const file = process.argv[2] as string;

// A base directory has no node_modules: what a configuration imports from this package is answered by this package.
registerHooks({
  resolve(specifier, context, next) {
    if (specifier !== '@buildbot/master') return next(specifier, context);
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    return { url: new URL(`./define.${extension}`, import.meta.url).href, shortCircuit: true };
  },
});

/** Throws at the first value that JSON cannot carry, with its place. */
function plain(value: unknown, path: string): unknown {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new TypeError(`${path} is a ${typeof value}: a configuration holds plain data only`);
  }
  if (Array.isArray(value)) return value.map((item, index) => plain(item, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, `${path}.${key}`)]));
}

// What goes wrong in here is left to Node to report: of a syntax error it alone tells line and column.
const module: { default?: unknown } = await import(pathToFileURL(file).href);

try {
  if (module.default === undefined)
    throw new TypeError('it has no default export: write `export default defineMaster({ … })`');
  const json = JSON.stringify(plain(module.default, 'default'));
  process.stdout.write(`\n${json}\n`);
} catch (error) {
  process.stderr.write(error instanceof Error ? `${error.name}: ${error.message}\n` : `${String(error)}\n`);
  process.exitCode = 1;
}
