/** What is exported is used by another file: a function, constant or class that nobody names stays in its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const ROOMS = ['packages', 'test', 'bench', 'tools', 'examples'];

const texts = new Map(
  ROOMS.flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((path) => join(room, path)),
  )
    .filter((path) => /\.(tsx?|mjs|js)$/.test(path) && !/node_modules|\/dist\//.test(path))
    .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
);

/** Every word of the project with the files that have it. */
const users = new Map<string, Set<string>>();
for (const [path, text] of texts) {
  for (const word of new Set(text.match(/[\w$]+/g)))
    users.set(word, (users.get(word) ?? new Set()).add(path));
}

const exported = [...texts]
  .filter(([path]) => /^packages\/[a-z]+\/src\//.test(path))
  .flatMap(([path, text]) =>
    [...text.matchAll(/^export (?:async |abstract )*(?:function\*?|const|class) ([\w$]+)/gm)].map(
      ([, name]) => ({
        path,
        name: name as string,
      }),
    ),
  );

test('there is something to look at', () => {
  expect(exported.length).toBeGreaterThan(500);
});

test('nothing is exported that no other file names', () => {
  const unused = exported.filter(({ name }) => (users.get(name)?.size ?? 0) < 2);
  expect(unused.map(({ path, name }) => `${path}: ${name}`)).toEqual([]);
});
