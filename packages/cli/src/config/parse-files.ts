/** From the text of a settings file to its values. Apart from the rest, and loaded when there is a file: it takes 40 ms. */
import {
  describeProblems,
  type ParsedSettings,
  parseDotBuildbot,
  parseOptionsFile,
  parseUserSettings,
  UserError,
} from '@buildbot/shared';
import type { FoundFile } from './find-file.ts';
import type { SettingValues } from './settings.ts';

export interface ParsedFile {
  values: SettingValues;
  /** Remarks for the user, one line each. */
  notes: readonly string[];
}

/** @throws UserError naming file, line and what to do for each thing that is wrong. */
export async function parseTreeFile({ path, text, isOldOptions }: FoundFile): Promise<ParsedFile> {
  return valuesOf(path, isOldOptions ? parseOptionsFile(text) : await parseDotBuildbot(text, path));
}

/** The same for the user's own file, which may also name programs. */
export async function parseUserFile(path: string, text: string): Promise<ParsedFile> {
  return valuesOf(path, await parseUserSettings(text, path));
}

function valuesOf(path: string, parsed: ParsedSettings<SettingValues>): ParsedFile {
  if (!parsed.ok) throw new UserError(describeProblems(path, parsed.problems));
  return { values: parsed.settings, notes: parsed.notes.map((note) => `${path}: ${note}`) };
}
