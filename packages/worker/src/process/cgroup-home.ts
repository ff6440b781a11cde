/** Where this process may make control groups of its own: below its own one, in a hierarchy of version 2 (cgroups(7)). */

export interface CgroupHome {
  /** Where the hierarchy is mounted. */
  mount: string;
  /** The control group of this process. */
  folder: string;
}

/** Spaces and the like are written as octal numbers. */
function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** `path` as seen below `root`, `null` when it is not below it: one sees less of a hierarchy than the whole in a container. */
function below(root: string, path: string): string | null {
  if (root === '/') return path === '/' ? '' : path;
  return path === root || path.startsWith(`${root}/`) ? path.slice(root.length) : null;
}

/** From the texts of /proc/self/mountinfo and /proc/self/cgroup. What was mounted last comes first: it hides the others. */
export function cgroupHomes(mountinfo: string, membership: string): CgroupHome[] {
  const own = /^0::(\/.*)$/m.exec(membership)?.[1];
  // Outside of what can be seen.
  if (own === undefined || own.split('/').includes('..')) return [];
  return mountinfo
    .split('\n')
    .reverse()
    .flatMap((line): CgroupHome[] => {
      const [fields = '', kind = ''] = line.split(' - ');
      const [, , , root, mount] = fields.split(' ').map(unescaped);
      if (!kind.startsWith('cgroup2 ') || root === undefined || mount === undefined) return [];
      const path = below(root, own);
      return path === null ? [] : [{ mount, folder: mount + path }];
    });
}
