/** The command reference, made from the commands themselves and from the table of settings. */
import { COMMANDS } from '../../packages/cli/src/command-table.ts';
import { CONNECTION_KEYS } from '../../packages/cli/src/config/flags.ts';
import { SETTINGS, type Setting } from '../../packages/cli/src/config/settings.ts';
import { code, table } from './markdown.ts';

type CommandClass = Awaited<ReturnType<(typeof COMMANDS)[string]>>['default'];
type FlagOf = NonNullable<CommandClass['flags']>[string];

const CONNECTION_FLAGS: ReadonlySet<string | null> = new Set(
  SETTINGS.filter(({ key }) => (CONNECTION_KEYS as readonly string[]).includes(key)).map(({ flag }) => flag),
);

/** A default that only the words tell, because it is found out at run time. */
const SAID_DEFAULT = /(?: Default: |; default is )([^.]*)\.$/;

function flagWords(name: string, flag: FlagOf): string {
  const long = flag.type === 'boolean' && flag.allowNo === true ? `--[no-]${name}` : `--${name}`;
  const value = flag.type === 'option' ? '=VALUE' : '';
  return [...(flag.char === undefined ? [] : [`-${flag.char}`]), `${long}${value}`].map(code).join(', ');
}

function usage(name: string, command: CommandClass): string {
  const args = Object.entries(command.args ?? {}).map(([arg, { required }]) =>
    required ? arg.toUpperCase() : `[${arg.toUpperCase()}]`,
  );
  const words = name === 'try' ? ['[PATH...]'] : args;
  return [
    'buildbot',
    name,
    ...words,
    ...(Object.keys(command.flags ?? {}).length > 0 ? ['[options]'] : []),
  ].join(' ');
}

function section(name: string, command: CommandClass): string {
  const args = Object.entries(command.args ?? {}).map(([arg, { description }]) => [
    code(arg.toUpperCase()),
    description ?? '',
  ]);
  const flags = Object.entries(command.flags ?? {});
  const connects = flags.some(([flag]) => flag === 'host');
  const own = connects ? flags.filter(([flag]) => !CONNECTION_FLAGS.has(flag)) : flags;
  const rows = [...args, ...own.map(([flag, made]) => [flagWords(flag, made), made.description ?? ''])];
  return [
    `## buildbot ${name}`,
    command.summary ?? '',
    `\`\`\`\n${usage(name, command)}\n\`\`\``,
    ...(command.description === undefined ? [] : [command.description.replaceAll('\n', '\n\n')]),
    ...(rows.length > 0 ? [table(['argument or option', ''], rows)] : []),
    ...(connects ? ['And the [connection options](#connection-options).'] : []),
  ].join('\n\n');
}

/** Every command; the options by which all of them find the master stand once. */
export async function cliCommands(): Promise<string> {
  const loaded = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => ({ name, command: (await load()).default })),
  );
  const connection = Object.entries(loaded.find(({ name }) => name === 'watch')?.command.flags ?? {})
    .filter(([flag]) => CONNECTION_FLAGS.has(flag))
    .map(([flag, made]) => [flagWords(flag, made), made.description ?? '']);
  return [
    ...loaded.map(({ name, command }) => section(name, command)),
    `## Connection options\n\n${table(['option', ''], connection)}`,
  ].join('\n\n');
}

const PLACES: Record<Setting['from'], string> = {
  tree: '`.buildbot`, own file',
  user: 'own file only',
};

/** Every setting with its flag, its key and where it may stand. */
export function cliSettings(): string {
  const rows = SETTINGS.map((setting: Setting) => {
    const { key, flag, from, help } = setting;
    const said = SAID_DEFAULT.exec(help)?.[1];
    const fallback = setting.default === null ? (said ?? '–') : code(String(setting.default));
    return [
      code(key),
      flag === null ? '–' : code(`--${flag}`),
      PLACES[from],
      fallback,
      help.replace(SAID_DEFAULT, '').replace(/\.?$/, '.'),
    ];
  });
  return table(['key', 'flag', 'may stand in', 'default', 'meaning'], rows);
}
