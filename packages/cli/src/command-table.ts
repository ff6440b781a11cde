/** The commands by name, some of two words. Each is loaded when it is run, so that none pays for another. */
import type { BaseCommand } from './base-command.ts';

type CommandClass = typeof BaseCommand &
  (new (
    ...args: ConstructorParameters<typeof BaseCommand>
  ) => BaseCommand);

export const COMMANDS: Readonly<Record<string, () => Promise<{ default: CommandClass }>>> = {
  builders: () => import('./commands/builders.ts'),
  cancel: () => import('./commands/cancel.ts'),
  completion: () => import('./commands/completion.ts'),
  force: () => import('./commands/force.ts'),
  log: () => import('./commands/log.ts'),
  rebuild: () => import('./commands/rebuild.ts'),
  'set-worker-availability': () => import('./commands/set-worker-availability.ts'),
  stop: () => import('./commands/stop.ts'),
  try: () => import('./commands/try.ts'),
  tryserver: () => import('./commands/tryserver.ts'),
  unshelve: () => import('./commands/unshelve.ts'),
  watch: () => import('./commands/watch.ts'),
  workers: () => import('./commands/workers.ts'),
  'workers kill': () => import('./commands/workers/kill.ts'),
  'workers pause': () => import('./commands/workers/pause.ts'),
  'workers set': () => import('./commands/workers/set.ts'),
  'workers stop': () => import('./commands/workers/stop.ts'),
  'workers trust': () => import('./commands/workers/trust.ts'),
  'workers unpause': () => import('./commands/workers/unpause.ts'),
};

export interface FlagDescription {
  name: string;
  char: string | null;
  takesValue: boolean;
  help: string;
}

export interface CommandDescription {
  name: string;
  summary: string;
  /** What may come after it: second words of commands that begin with it, and the values of an argument with a choice. */
  words: readonly string[];
  flags: readonly FlagDescription[];
}

/** Every command with its flags, by its first word; one of two words counts with the one it begins with. */
export async function describeCommands(): Promise<CommandDescription[]> {
  const all = await Promise.all(
    Object.entries(COMMANDS).map(async ([name, load]) => {
      const { default: command } = await load();
      return {
        name,
        summary: command.summary ?? '',
        words: [
          ...name.split(' ').slice(1),
          ...Object.values(command.args ?? {}).flatMap(({ options = [] }) =>
            name.includes(' ') ? [] : options,
          ),
        ],
        flags: Object.entries(command.flags ?? {}).flatMap(([flag, made]) => describeFlag(flag, made)),
      };
    }),
  );
  const byWord = Map.groupBy(all, ({ name }) => name.split(' ')[0] ?? '');
  return [...byWord].map(([name, described]) => {
    const flags = new Map(described.flatMap((one) => one.flags).map((flag) => [flag.name, flag]));
    const words = described.flatMap((one) => one.words);
    return { name, summary: described[0]?.summary ?? '', words, flags: [...flags.values()] };
  });
}

/** The command that a command line begins with, and what follows it; two words before one. */
export function commandOf(argv: readonly string[]): { name: string; rest: readonly string[] } {
  const [first = '--help', second = ''] = argv;
  const both = `${first} ${second}`;
  return Object.hasOwn(COMMANDS, both)
    ? { name: both, rest: argv.slice(2) }
    : { name: first, rest: argv.slice(1) };
}

function describeFlag(name: string, flag: (typeof BaseCommand)['flags'][string]): FlagDescription[] {
  const one = {
    name,
    char: flag.char ?? null,
    takesValue: flag.type === 'option',
    help: flag.description ?? '',
  };
  const canBeNo = flag.type === 'boolean' && flag.allowNo === true;
  return canBeNo ? [one, { ...one, name: `no-${name}`, char: null, help: `Not: ${one.help}` }] : [one];
}
