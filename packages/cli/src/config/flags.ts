/** Flags made from the table of settings, and back: one description for both. */

import { MAX_PRIORITY, parseDuration, UserError } from '@buildbot/shared';
import { Args, Flags, type Interfaces } from '@oclif/core';
import type { FarmChoice } from '../view/farm-choice.ts';
import { CONDITIONS, type Condition } from '../view/until.ts';
import { SETTINGS, type Setting, type SettingKey, type SettingValues } from './settings.ts';

/** How to reach the master: flags of every command that talks to one. */
export const CONNECTION_KEYS = [
  'connect',
  'host',
  'port',
  'username',
  'jobdir',
  'buildbotbin',
  'api',
  'ssh',
  'sshConfig',
  'tokenFile',
] as const satisfies readonly SettingKey[];

/** All that `try` can be told. */
export const TRY_KEYS: readonly SettingKey[] = SETTINGS.filter(({ flag }) => flag !== null).map(
  ({ key }) => key,
);

/** Of commands that end something for others, who will want to know why. */
export const reasonFlag = Flags.string({
  char: 'r',
  description: 'Why. Default: no reason given.',
  default: 'no reason given',
});

/** What `try` sends, as far as no file may say it. */
export const sourceFlags = {
  property: Flags.string({
    description: 'A property name=value; the value may hold commas (repeat).',
    multiple: true,
    multipleNonGreedy: true,
  }),
  diff: Flags.string({
    description: 'Send this diff (a file, - for standard input) in place of the working copy.',
  }),
  patchlevel: Flags.integer({
    char: 'p',
    description:
      "Path components to strip, with --diff. Default: 1 if its paths have git's a/ and b/, else 0.",
    min: 0,
    max: 32,
  }),
  baserev: Flags.string({
    description: 'Revision that the change is against. Default: the newest the master can have.',
  }),
  staged: Flags.boolean({ description: 'Send what is staged. Default: what is on disk.' }),
};

/** Of commands that show a try. */
export const followFlag = {
  follow: Flags.boolean({
    char: 'f',
    description: 'Print the logs line for line as they grow, in place of a screen; with --events as events.',
  }),
};

/** Of `watch` for the whole farm. */
export const farmFlags = {
  full: Flags.boolean({
    description: 'Take the whole screen: lists to move in, builds with their logs (also with the key f).',
    exclusive: ['json', 'events', 'follow'],
  }),
  builder: Flags.string({
    char: 'b',
    description: 'Only this builder (repeat).',
    multiple: true,
    multipleNonGreedy: true,
  }),
  worker: Flags.string({
    description: 'Only this worker, and what it may build (repeat).',
    multiple: true,
    multipleNonGreedy: true,
  }),
  mine: Flags.boolean({ description: 'Only what you have sent.' }),
  failed: Flags.boolean({ description: 'Only builders whose last build failed.' }),
  until: Flags.string({
    description:
      'End with 0 when nothing runs or waits (idle), when a build ends that fails (failed), or when all workers are there (connected); of what is watched.',
    options: CONDITIONS,
  }),
};

/** What they say. */
export function farmWishesOf(flags: {
  full: boolean;
  builder?: string[] | undefined;
  worker?: string[] | undefined;
  mine: boolean;
  failed: boolean;
  until?: string | undefined;
}): { full: boolean; choice: FarmChoice; until: Condition | null } {
  const { full, builder: builders = [], worker: workers = [], mine, failed, until } = flags;
  const condition = CONDITIONS.find((known) => known === until) ?? null;
  return { full, choice: { builders, workers, mine, failed }, until: condition };
}

/** @throws UserError when one of them is given */
export function refuseFarmFlags(flags: Readonly<Record<string, unknown>>): void {
  const given = Object.keys(farmFlags).find((name) => flags[name] !== undefined && flags[name] !== false);
  if (given === undefined) return;
  throw new UserError(`--${given} is for the whole farm, not for one try`, {
    hint: `For example: buildbot watch --${given}`,
  });
}

/** Of `try`, and of `watch` for a try. */
export const newOnlyFlag = Flags.boolean({
  description: 'Exit code 0 when all that failed fails on the base as well, or comes and goes.',
});

/** The words of a worker's availability, of this command and of `workers set`. */
export const availabilityArg = Args.string({
  description: 'eager, reluctant (only when no eager one is free) or unavailable.',
  required: true,
  ignoreStdin: true,
});

export const availabilityFlags = {
  for: Flags.string({ description: 'How long, for example 2h. Default: until it is set again.' }),
  reason: Flags.string({ char: 'r', description: 'Why, for people to see.' }),
};

/** The flags of these settings. None has a default: what a flag does not say, a file may. */
export function settingFlags(keys: readonly SettingKey[]): Interfaces.FlagInput {
  const settings = SETTINGS.filter(({ key, flag }) => flag !== null && keys.includes(key));
  return Object.fromEntries(settings.map((setting) => [setting.flag, flagOf(setting)]));
}

type Letter = NonNullable<Parameters<typeof Flags.string>[0]>['char'];

function flagOf(setting: Setting) {
  const description =
    setting.default === null ? setting.help : `${setting.help} Default: ${setting.default}.`;
  const helpGroup = (CONNECTION_KEYS as readonly string[]).includes(setting.key) ? 'CONNECTION' : undefined;
  const common = {
    description,
    ...(helpGroup === undefined ? {} : { helpGroup }),
    ...(setting.char === undefined ? {} : { char: setting.char as NonNullable<Letter> }),
  };
  switch (setting.kind) {
    case 'boolean':
      return Flags.boolean({ ...common, allowNo: true });
    case 'number':
      return Flags.integer({ ...common, min: 1, max: 65_535 });
    case 'integer':
      return Flags.integer({ ...common, min: -MAX_PRIORITY, max: MAX_PRIORITY });
    case 'list':
    case 'properties':
      return Flags.string({ ...common, multiple: true, multipleNonGreedy: true });
    default:
      return Flags.string(common);
  }
}

/** What the flags say, as one source of settings. @throws UserError for a value that cannot be read */
export function settingsOfFlags(flags: Readonly<Record<string, unknown>>): SettingValues {
  const values: Record<string, unknown> = {};
  for (const setting of SETTINGS) {
    const given = setting.flag === null ? undefined : flags[setting.flag];
    if (given !== undefined) values[setting.key] = settingValue(setting, given);
  }
  return values;
}

function settingValue(setting: Setting, given: unknown): unknown {
  if (setting.kind === 'properties') return propertiesOf(given as string[]);
  if (setting.kind === 'list') return emptyRefused(setting, given as string[]);
  if (setting.kind !== 'duration') return given;
  const parsed = parseDuration(String(given));
  if (!parsed.ok) throw new UserError(`--${setting.flag}: ${parsed.reason}`);
  return parsed.ms;
}

function emptyRefused(setting: Setting, names: string[]): string[] {
  if (names.includes('')) throw new UserError(`--${setting.flag} must not be empty`);
  return names;
}

/** `a=1,b=2`, as Buildbot has it: commas part, so a value with a comma goes to `--property`. */
function propertiesOf(given: readonly string[]): Record<string, string> {
  return Object.fromEntries(given.flatMap((text) => text.split(',')).map(propertyOf));
}

/** `name=value`; the value may hold anything. @throws UserError without `=` or without a name */
export function propertyOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UserError(`'${text.slice(0, 80)}' is no property`, { hint: 'Expected name=value.' });
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A positive whole number given as an argument, with or without a `#`. @throws UserError saying `what` was expected */
export function parseId(text: string, what: string): number {
  const digits = /^#?([1-9]\d{0,14})$/.exec(text)?.[1];
  if (digits === undefined) throw new UserError(`'${text.slice(0, 80)}' is not ${what}`);
  return Number(digits);
}
