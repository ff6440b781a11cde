/** Reads a settings file by the table of settings: values of the right kind, or the key, the fix and the place. */
import { nearest, parseDuration, sanitizeName, UserError } from '@buildbot/shared';
import { SETTINGS, type Setting, type SettingValues, USER_ONLY_KEYS } from './settings.ts';

/** Buildbot's own names for some keys, besides `try_` before any. */
const ALIASES: Readonly<Record<string, string>> = { dir: 'jobdir', builder: 'builders' };

export interface SettingsFile {
  path: string;
  /** What the file holds: a map of keys. */
  content: unknown;
  /** Whose word it is: `tree` may not name programs, keys or proxies. */
  source: 'tree' | 'user';
}

/** @throws UserError naming file and key for anything that cannot be taken as it stands. */
export function readSettings({ path, content, source }: SettingsFile): SettingValues {
  if (content === null || content === undefined) return {};
  if (typeof content !== 'object' || Array.isArray(content)) throw new UserError(`${path}: expected keys with values`);
  const values: Record<string, unknown> = {};
  for (const [written, value] of Object.entries(content)) {
    const setting = settingOf(written, path, source);
    if (value !== null) values[setting.key] = valueOf(setting, value, path);
  }
  return values;
}

function settingOf(written: string, path: string, source: 'tree' | 'user'): Setting {
  const plain = written.replace(/^try_/, '');
  const key = ALIASES[plain] ?? plain;
  const name = sanitizeName(written, { maxLength: 80 });
  if (source === 'tree' && isDangerous(key)) {
    throw new UserError(`${path}: the key '${name}' is refused: a file in a source tree may not name a program, key or proxy`, {
      hint: 'Give it as a flag, or write it into your own configuration (~/.config/buildbot/config.yaml).',
    });
  }
  const setting = SETTINGS.find((known) => known.key === key);
  if (setting !== undefined) return setting;
  const close = nearest(key, SETTINGS.map((known) => known.key));
  throw new UserError(`${path}: unknown key '${name}'`, close === undefined ? {} : { hint: `Did you mean '${close}'?` });
}

/** Also what no setting is called, but someone may try. */
function isDangerous(key: string): boolean {
  return USER_ONLY_KEYS.has(key) || /ssh|identity|proxy|password|passwd|command/i.test(key);
}

function valueOf(setting: Setting, value: unknown, path: string): unknown {
  const wrong = (expected: string) => new UserError(`${path}: '${setting.key}' must be ${expected}`);
  switch (setting.kind) {
    case 'text':
      if (typeof value === 'string') return value;
      if (typeof value === 'number') return String(value);
      throw wrong('a text');
    case 'number':
      if (typeof value === 'number' && Number.isInteger(value)) return value;
      throw wrong('a whole number');
    case 'boolean':
      if (typeof value === 'boolean') return value;
      throw wrong('true or false');
    case 'list':
      if (typeof value === 'string') return [value];
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
      throw wrong('a list of texts');
    case 'duration':
      return durationOf(value) ?? raise(wrong('a duration such as 30s or 2m45s'));
    case 'properties':
      if (typeof value !== 'object' || Array.isArray(value)) throw wrong('names with values');
      return Object.fromEntries(Object.entries(value ?? {}).map(([name, given]) => [name, String(given)]));
  }
}

function durationOf(value: unknown): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const parsed = parseDuration(String(value));
  return parsed.ok ? parsed.ms : undefined;
}

function raise(error: Error): never {
  throw error;
}
