/** Test support: a world with one builder whose one step is git, and ways to look at its checkout. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { BuildResource } from '@buildbot/shared';
import { BuildWorld } from './build-world.ts';
import type { GitRepository } from './git-repository.ts';

type Options = Record<string, unknown>;

export async function worldFor(
  repository: GitRepository | string,
  options: Options = {},
): Promise<BuildWorld> {
  const url = typeof repository === 'string' ? repository : repository.path;
  const step = { type: 'git', repository: url, branch: 'main', mode: 'full', method: 'fresh', ...options };
  const config = {
    workers: [{ name: 'w1', password: 'x' }],
    builders: [{ name: 'linux', workers: ['w1'], steps: [step] }],
  };
  return await BuildWorld.make({ config });
}

export const checkout = (world: BuildWorld, ...path: string[]): string =>
  join(world.root('w1'), 'linux', 'build', ...path);

export async function gotRevision(world: BuildWorld, build: BuildResource): Promise<unknown> {
  return (await world.store.buildProperties(build.buildid)).got_revision?.[0];
}

export async function stateOf(world: BuildWorld, build: BuildResource): Promise<string | undefined> {
  return (await world.steps(build.buildid))[0]?.state_string;
}

/** Files of the checkout, without git's own. */
export async function files(world: BuildWorld): Promise<string[]> {
  return (await readdir(checkout(world))).filter((name) => name !== '.git').sort();
}
