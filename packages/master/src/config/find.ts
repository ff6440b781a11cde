/** Which file of a base directory is its configuration. Apart from reading it, because `start` asks only this. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '@buildbot/shared/errors';

const NAMES = [
  'master.yaml',
  'master.config.ts',
  'master.config.mts',
  'master.config.mjs',
  'master.config.js',
];

/** The configuration file of a base directory; none or two of them are a `UserError`. */
export async function findConfig(basedir: string): Promise<string> {
  const present: string[] = [];
  for (const name of NAMES) {
    const found = await stat(join(basedir, name)).catch(() => null);
    if (found?.isFile()) present.push(name);
  }
  if (present.length === 1) return join(basedir, present[0] as string);
  if (present.length > 1) {
    throw new UserError(`${basedir} has more than one configuration: ${present.join(', ')}`, {
      hint: 'keep one of them',
    });
  }
  throw new UserError(`there is no master.yaml or master.config.ts in ${basedir}`, {
    hint: `make one with: buildbot-master create ${basedir}`,
  });
}
