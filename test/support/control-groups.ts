/** Whether this machine lets a worker hold its commands by control groups. */
import { dirname } from 'node:path';
import { openCommandGroups } from '../../packages/worker/src/process/command-groups.ts';
import { removeGroup } from '../../packages/worker/src/process/control-group.ts';
import { Marks } from '../../packages/worker/src/process/mark.ts';

/** Where a worker's groups would be; `null` where there are only marks. */
export async function controlGroupHome(): Promise<string | null> {
  const opened = await openCommandGroups(new Marks('/nowhere').worker);
  if ('problem' in opened) return null;
  removeGroup(opened.groups.folder);
  return dirname(opened.groups.folder);
}
