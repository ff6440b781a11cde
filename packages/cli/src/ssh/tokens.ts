/** `%h`, `~` and `${NAME}` in values of the SSH configuration (ssh_config(5), TOKENS and ENVIRONMENT VARIABLES). */

import { join, resolve } from 'node:path';
import { UserError } from '@buildbot/shared';

/** What each letter behind `%` stands for. */
export type TokenValues = Readonly<Record<string, string>>;

interface PathFacts {
  readonly homeDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Replaces `%x`; `%%` is a percent sign. @throws UserError on a letter that has no value here */
export function expandTokens(text: string, tokens: TokenValues): string {
  return text.replace(/%(.?)/g, (token, letter: string) => {
    const value = letter === '%' ? '%' : tokens[letter];
    if (value !== undefined) return value;
    throw new UserError(
      `Your SSH configuration says ${JSON.stringify(text)}, and ${token} is not supported`,
      {
        hint: 'Use your own ssh program instead: --ssh ssh.',
      },
    );
  });
}

/** Makes an absolute path of one that may hold `~`, tokens and environment variables. */
export function expandPath(path: string, tokens: TokenValues, { homeDir, env }: PathFacts): string {
  const withHome = path === '~' || path.startsWith('~/') ? join(homeDir, path.slice(1)) : path;
  const withVariables = withHome.replace(/\$\{(\w+)\}/g, (_, name: string) => env[name] ?? '');
  return resolve(expandTokens(withVariables, tokens));
}
