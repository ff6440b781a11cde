/**
 * Buildbot's old `.buildbot/options` file (spec/try-jobfile.md section 5). Buildbot executes it as Python; here it is read as
 * `name = literal` lines and nothing else. A file that computes anything is refused with its line.
 */

import { readAssignments } from './dot-buildbot-literals.ts';
import type { DotBuildbot } from './dot-buildbot-schema.ts';
import { MAX_CONFIG_LENGTH, type ParsedSettings, problemAt, settingsFrom } from './dot-buildbot-settings.ts';

const PASSWORD_PROTOCOL =
  "it belongs to Buildbot's password protocol; the master is reached by SSH, or under 'api'";
const OTHER_COMMANDS = 'it belongs to other commands of Buildbot';

/** Keys of Buildbot's that say nothing to `try` over SSH. */
const IGNORED: ReadonlyMap<string, string> = new Map([
  ['try_master', PASSWORD_PROTOCOL],
  ['try_masterstatus', PASSWORD_PROTOCOL],
  ['masterstatus', PASSWORD_PROTOCOL],
  ['master', OTHER_COMMANDS],
  ['category', OTHER_COMMANDS],
  ['user_master', OTHER_COMMANDS],
  ['user_username', OTHER_COMMANDS],
  ['user_passwd', OTHER_COMMANDS],
]);

const HINT =
  'Only lines like try_host = "build.example.org" are read: write the value itself, or move to a .buildbot file.';

/** Reads the file as a source tree's word. `None` means that nothing is said. */
export function parseOptionsFile(text: string): ParsedSettings<DotBuildbot> {
  if (text.length > MAX_CONFIG_LENGTH) {
    return { ok: false, problems: [problemAt({ line: 1, column: 1 }, 'the file is larger than 1 MiB')] };
  }
  const read = readAssignments(text);
  if (!read.ok) return { ok: false, problems: [problemAt(read, read.message, HINT)] };
  const said = read.entries.filter(({ value, key }) => value !== null && !key.startsWith('__'));
  // In Python a later assignment replaces the earlier one.
  const last = [...new Map(said.map((entry) => [entry.key, entry])).values()];
  return settingsFrom(last, { origin: 'tree', ignored: IGNORED });
}
