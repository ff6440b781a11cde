/** The settings that count for a command: flags, then the tree's `.buildbot`, then the user's own file, then defaults. */
import { dirname, join } from 'node:path';
import type { Environment } from './environment.ts';
import { type FoundFile, findDotBuildbot, readIfThere } from './find-file.ts';
import type { ParsedFile } from './parse-files.ts';
import { mergeSettings, type Settings, type SettingValues } from './settings.ts';

export interface LoadedSettings extends Settings {
  /** Folder of `.buildbot`, from which its relative paths count; null when there is none. */
  treeDir: string | null;
  /** Remarks about the files, one line each. */
  notes: readonly string[];
}

const NOTHING: ParsedFile = { values: {}, notes: [] };

/**
 * Reads what there is from `cwd` upwards and in the user's configuration.
 * @throws UserError naming file, line and key
 */
export async function loadSettings(
  flags: SettingValues,
  environment: Environment,
  cwd: string,
): Promise<LoadedSettings> {
  const userPath = join(environment.configDir, 'config.yaml');
  const [found, userText] = await Promise.all([findDotBuildbot(cwd), readIfThere(userPath)]);
  const { tree, user } = await parseFiles(found, userPath, userText);
  const settings = mergeSettings(flags, tree.values, user.values);
  return {
    ...settings,
    tokenFile: tokenFileFor(settings.api, { flags, user: user.values, environment }),
    treeDir: found === null ? null : dirname(found.isOldOptions ? dirname(found.path) : found.path),
    notes: [...tree.notes, ...user.notes],
  };
}

/**
 * A token goes only to an address that its owner has named: a `.buildbot` in a hostile source tree would otherwise have
 * it sent to whom it likes.
 */
function tokenFileFor(
  api: string | undefined,
  sources: { flags: SettingValues; user: SettingValues; environment: Environment },
): string | undefined {
  const { flags, user, environment } = sources;
  if (api === undefined || (api !== flags.api && api !== user.api)) return undefined;
  return flags.tokenFile ?? environment.tokenFile ?? user.tokenFile;
}

async function parseFiles(found: FoundFile | null, userPath: string, userText: string | null) {
  if (found === null && userText === null) return { tree: NOTHING, user: NOTHING };
  const { parseTreeFile, parseUserFile } = await import('./parse-files.ts');
  return {
    tree: found === null ? NOTHING : await parseTreeFile(found),
    user: userText === null ? NOTHING : await parseUserFile(userPath, userText),
  };
}
