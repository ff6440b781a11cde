/** The settings that count for a command: flags, then the tree's `.buildbot`, then the user's own file, then defaults. */
import { dirname, join } from 'node:path';
import { UserError } from '@buildbot/shared';
import type { Environment } from './environment.ts';
import { type FoundFile, findDotBuildbot, readIfThere } from './find-file.ts';
import { mergeSettings, type Settings, type SettingValues } from './settings.ts';
import { readSettings } from './settings-file.ts';

export interface LoadedSettings extends Settings {
  /** Folder of `.buildbot`, from which its relative paths count; null when there is none. */
  treeDir: string | null;
}

/**
 * Reads what there is from `cwd` upwards and in the user's configuration.
 * @throws UserError naming file and key
 */
export async function loadSettings(flags: SettingValues, environment: Environment, cwd: string): Promise<LoadedSettings> {
  const userPath = join(environment.configDir, 'config.yaml');
  const [found, userText] = await Promise.all([findDotBuildbot(cwd), readIfThere(userPath)]);
  const tree = found === null ? {} : await readTreeFile(found);
  const user = userText === null ? {} : readSettings({ path: userPath, content: await parseYaml(userPath, userText), source: 'user' });
  return { ...mergeSettings(flags, tree, user), treeDir: found === null ? null : folderOf(found) };
}

function folderOf(file: FoundFile): string {
  return dirname(file.isOldOptions ? dirname(file.path) : file.path);
}

async function readTreeFile({ path, text, isOldOptions }: FoundFile): Promise<SettingValues> {
  const content = isOldOptions ? await parseOldOptions(path, text) : await parseYaml(path, text);
  return readSettings({ path, content, source: 'tree' });
}

/** Data only: YAML 1.2 core schema, no tags of other kinds, few aliases. Loaded when there is a file, for it takes 20 ms. */
async function parseYaml(path: string, text: string): Promise<unknown> {
  const { parse } = await import('yaml');
  try {
    return parse(text.replace(/^\uFEFF/, ''), { maxAliasCount: 10, logLevel: 'error' });
  } catch (error) {
    throw new UserError(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
