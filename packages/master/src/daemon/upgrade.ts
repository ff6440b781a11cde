/** `buildbot-master upgrade`: bring the database to this version's schema. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '@buildbot/shared';
import { systemClock } from '../clock.ts';
import { databasePath, upgrade } from '../store/open.ts';
import { runningPid } from './pid-file.ts';

/** What was done, in one line. A `UserError` while a master runs on it. */
export async function upgradeDatabase(basedir: string, url: string): Promise<string> {
  const pid = await runningPid(join(basedir, 'master.pid'));
  if (pid !== null) {
    throw new UserError(`the master in ${basedir} is running (pid ${pid})`, {
      hint: 'stop it before the upgrade',
    });
  }
  const path = databasePath(basedir, url);
  if (!existsSync(path)) return 'there is no database yet: the first start makes it with the newest schema';
  const { from, to, copy } = await upgrade(path, systemClock);
  if (copy === null) return `schema version ${to}: nothing to do`;
  return `upgraded from schema version ${from} to ${to}; the database as it was is ${copy}`;
}
