/** The world that sessions of the CLI are recorded in and played in: the same builders, and builds that wait for a word. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createWorld, type World } from '../support/world.ts';

export interface ClientWorld {
  world: World;
  /** Let the builds that wait go on, and those to come. */
  go(): void;
}

export async function makeClientWorld(): Promise<ClientWorld> {
  const wait = 'while [ ! -e ../../../../go ]; do sleep 0.05; done';
  const world = await createWorld({
    maxBuilds: 1,
    builders: {
      quick: [
        { type: 'shell', name: 'first', command: `echo begun; ${wait}; seq 1 2000` },
        { type: 'shell', name: 'second', command: 'echo done' },
      ],
      failing: [{ type: 'shell', name: 'test', command: 'echo it fails; exit 3' }],
    },
  });
  return { world, go: () => writeFileSync(join(world.dir, 'go'), '') };
}
