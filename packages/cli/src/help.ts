/** `--help`: oclif's own help over its full configuration and manifest. Loaded only for this. */
import { fileURLToPath } from 'node:url';
import { Config, Help } from '@oclif/core';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Help for the command that `words` name, or the list of commands. */
export async function showHelp(words: readonly string[]): Promise<void> {
  const config = await Config.load({ root: ROOT });
  await new Help(config).showHelp([...words]);
}
