/**
 * Every setting of the CLI, once: its flag, its key in `.buildbot` and in the user's own `config.yaml`, its default
 * and what it means. Flags, help, completion, the reference in `docs/` and `.buildbot.example` are made from or
 * checked against this table.
 *
 * Precedence: flag, `.buildbot` of the source tree, the user's own `config.yaml`, default. What could run a program
 * or show a key to a stranger (`from: 'user'`) is never taken from a source tree.
 */

/** Builders and properties under a name; what it does not say, other settings do. */
export interface Preset {
  readonly builders?: readonly string[] | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/** What a value of each kind is, once it is read. */
interface KindTypes {
  text: string;
  /** Of a port. */
  number: number;
  integer: number;
  boolean: boolean;
  list: readonly string[];
  properties: Readonly<Record<string, string>>;
  presets: Readonly<Record<string, Preset>>;
  /** Milliseconds. */
  duration: number;
}

export type SettingKind = keyof KindTypes;

/** Those that are empty unless something is given. */
type Collection = 'list' | 'properties' | 'presets';

interface SettingOf<K extends SettingKind> {
  /** Key in files. */
  readonly key: string;
  /** Long flag without its dashes; null when only files can set it. */
  readonly flag: string | null;
  readonly char?: string;
  readonly kind: K;
  /** `tree`: also from `.buildbot`; `user`: only from flags and the user's own file. */
  readonly from: 'tree' | 'user';
  /** As documentation shows it; null for none. */
  readonly default: K extends Collection ? null : KindTypes[K] | null;
  readonly help: string;
}

export type Setting = { [K in SettingKind]: SettingOf<K> }[SettingKind];

export const SETTINGS = [
  {
    key: 'connect',
    flag: 'connect',
    char: 'c',
    kind: 'text',
    from: 'tree',
    default: 'ssh',
    help: 'How to reach the master: ssh.',
  },
  {
    key: 'host',
    flag: 'host',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Host of the try directory, or its name in your SSH configuration.',
  },
  {
    key: 'port',
    flag: 'port',
    kind: 'number',
    from: 'tree',
    default: null,
    help: "SSH port; default is your SSH configuration's, else 22.",
  },
  {
    key: 'username',
    flag: 'username',
    char: 'u',
    kind: 'text',
    from: 'tree',
    default: null,
    help: "Account on the host; default is your SSH configuration's, else your own name.",
  },
  {
    key: 'jobdir',
    flag: 'jobdir',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Try directory on the host; a key with a forced command needs none.',
  },
  {
    key: 'buildbotbin',
    flag: 'buildbotbin',
    kind: 'text',
    from: 'tree',
    default: 'buildbot',
    help: 'The buildbot program on the host.',
  },
  {
    key: 'api',
    flag: 'api',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'API of the master: http://host:port or unix:PATH; default is through SSH.',
  },
  {
    key: 'vc',
    flag: 'vc',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Version control system; default is the one found.',
  },
  {
    key: 'branch',
    flag: 'branch',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Branch to compare with; default is the upstream of the current one.',
  },
  {
    key: 'repository',
    flag: 'repository',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Repository to name in the job; default is the URL of the remote.',
  },
  {
    key: 'builders',
    flag: 'builder',
    char: 'b',
    kind: 'list',
    from: 'tree',
    default: null,
    help: 'Builder to try on (repeat); default is all that the server allows.',
  },
  {
    key: 'properties',
    flag: 'properties',
    kind: 'properties',
    from: 'tree',
    default: null,
    help: 'Properties of the builds: name=value,name=value (repeat).',
  },
  {
    key: 'presets',
    flag: null,
    kind: 'presets',
    from: 'tree',
    default: null,
    help: 'Builders and properties under a name, for try --preset=NAME.',
  },
  {
    key: 'topdir',
    flag: 'topdir',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Top folder of the working copy; default is where it is found.',
  },
  {
    key: 'topfile',
    flag: 'topfile',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'A file that marks the top folder, looked for upwards.',
  },
  {
    key: 'wait',
    flag: 'wait',
    kind: 'boolean',
    from: 'tree',
    default: true,
    help: 'Wait for the result and show it live.',
  },
  {
    key: 'quiet',
    flag: 'quiet',
    char: 'q',
    kind: 'boolean',
    from: 'tree',
    default: false,
    help: 'Say only how it ended.',
  },
  {
    key: 'who',
    flag: 'who',
    char: 'w',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Who made the change; shown as author, never trusted.',
  },
  {
    key: 'comment',
    flag: 'comment',
    char: 'C',
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'A comment that goes with the job.',
  },
  {
    key: 'priority',
    flag: 'priority',
    kind: 'integer',
    from: 'tree',
    default: null,
    help: "How urgent a try is, as far as the server allows; higher is sooner. Default: the server's.",
  },
  {
    key: 'untracked',
    flag: 'untracked',
    kind: 'boolean',
    from: 'tree',
    default: true,
    help: 'Send files that are not under version control and not ignored.',
  },
  {
    key: 'timeout',
    flag: 'timeout',
    kind: 'duration',
    from: 'tree',
    default: null,
    help: 'Stop waiting after this long (exit code 124); the builds go on. Default: never.',
  },
  {
    key: 'reconnect',
    flag: 'reconnect',
    kind: 'duration',
    from: 'tree',
    default: null,
    help: 'Try this long to reach a master that was lost, then detach (exit code 75); the builds go on. Default: 10m.',
  },
  {
    key: 'local',
    flag: null,
    kind: 'text',
    from: 'tree',
    default: null,
    help: 'Configuration of the master that try --local runs, for example ci/master.yaml.',
  },
  {
    key: 'ssh',
    flag: 'ssh',
    kind: 'text',
    from: 'user',
    default: null,
    help: 'SSH program to use in place of the built-in client.',
  },
  {
    key: 'sshConfig',
    flag: 'ssh-config',
    kind: 'text',
    from: 'user',
    default: null,
    help: 'SSH configuration file to read in place of ~/.ssh/config.',
  },
  {
    key: 'tokenFile',
    flag: 'token-file',
    kind: 'text',
    from: 'user',
    default: null,
    help: 'File with a token for --api; also BUILDBOT_TOKEN_FILE. Never sent where a source tree says.',
  },
] as const satisfies readonly Setting[];

type Row = (typeof SETTINGS)[number];

export type SettingKey = Row['key'];

/** What one source says. */
export type SettingValues = {
  [S in Row as S['key']]?: KindTypes[S['kind']] | undefined;
};

/** The key of a setting that always has a value. */
type KeyOfPresent<S extends Row> = S extends { default: null; kind: Exclude<SettingKind, Collection> }
  ? never
  : S['key'];

/** What counts in the end: a setting with a default is always there. */
export type Settings = SettingValues & {
  [S in Row as KeyOfPresent<S>]: KindTypes[S['kind']];
};

/** The settings of all sources, the first that speaks of a key wins. Properties and presets are merged name by name. */
export function mergeSettings(...sources: readonly SettingValues[]): Settings {
  const merged: SettingValues = Object.fromEntries(
    SETTINGS.flatMap(({ key, default: fallback }) => {
      const given = sources.map((source) => source[key]).find((value) => value !== undefined);
      const value = given ?? fallback;
      return value === null ? [] : [[key, value]];
    }),
  );
  const byName = <K extends 'properties' | 'presets'>(key: K) =>
    Object.assign(Object.create(null), ...sources.toReversed().map((source) => source[key] ?? {}));
  const named = { properties: byName('properties'), presets: byName('presets') };
  // What has a default in the table is there.
  return { ...merged, builders: merged.builders ?? [], ...named } as Settings;
}
