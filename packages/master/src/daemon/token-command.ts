/** The command line of `buildbot-master token`. Parsing only. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, UserError } from '@buildbot/shared/errors';
import type { Environment } from './cli.ts';
import { addToken, listTokens, revokeToken } from './token.ts';

const HINT = `usage:
  buildbot-master token add BASEDIR --name WHAT-FOR --user USER [--scope SCOPES] [--group GROUP]… [--expires 90d|never]
  buildbot-master token list BASEDIR
  buildbot-master token revoke BASEDIR NUMBER`;

function parse(args: string[]) {
  try {
    const text = { type: 'string' } as const;
    const options = {
      ...{ name: text, user: text, scope: text, expires: text },
      group: { type: 'string', multiple: true },
    } as const;
    return parseArgs({ args, allowPositionals: true, options });
  } catch (error) {
    throw new UserError(messageOf(error), { hint: HINT });
  }
}

/** `args` is what follows `token`; the result is the exit code. */
export async function tokenCommand(args: string[], environment: Environment): Promise<number> {
  const { values, positionals } = parse(args);
  const [action, folder = '.', ...rest] = positionals;
  const basedir = resolve(environment.cwd, folder);
  const [number, ...more] = action === 'revoke' ? rest : [undefined, ...rest];
  if (more.length > 0) throw new UserError(`unexpected argument "${more[0]}"`, { hint: HINT });
  if (action !== 'add' && Object.keys(values).length > 0)
    throw new UserError(`only "token add" has options`, { hint: HINT });
  if (action === 'add') await addToken(basedir, values, environment);
  else if (action === 'list') await listTokens(basedir, environment);
  else if (action === 'revoke' && number !== undefined) await revokeToken(basedir, number, environment);
  else throw new UserError('token: add, list or revoke?', { hint: HINT });
  return 0;
}
