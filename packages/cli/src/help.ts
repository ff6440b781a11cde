/** `--help`: oclif's own help over its full configuration and manifest. Loaded only for this. */
import { fileURLToPath } from 'node:url';
import { Config, Help } from '@oclif/core';

/** Help for the command that `words` name, or the list of commands. `root` is the package's folder. */
export async function showHelp(words: readonly string[], root: URL): Promise<void> {
  const config = await Config.load({ root: fileURLToPath(root) });
  await new Help(config).showHelp([...words]);
}
