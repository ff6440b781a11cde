/**
 * `buildbot-master token add|list|revoke`: asks the running master on its own socket, so that what is revoked ends at
 * once. The secret of a new token goes to standard output and nowhere else.
 */
import { parseDuration, sanitizeName } from '@buildbot/shared';
import { ExternalError, messageOf, UserError } from '@buildbot/shared/errors';
import { askMaster } from './master-socket.ts';
import { runningPid } from './pid-file.ts';
import { pidFile } from './start-stop.ts';

const DEFAULT_LIFE = '90d';
const SCOPES = ['read', 'control', 'admin'];

export interface TokenOptions {
  name?: string | undefined;
  user?: string | undefined;
  /** Separated by commas. */
  scope?: string | undefined;
  group?: string[] | undefined;
  /** A duration, or `never`. */
  expires?: string | undefined;
}

/** Where lines for people go, and those for programs. */
export interface TokenOutput {
  out(line: string): void;
  note(line: string): void;
}

interface TokenRow {
  tokenid: number;
  name: string;
  user: string;
  scopes: string[];
  created_by: string;
  created_at: number;
  expires_at: number | null;
  revoked_at: number | null;
  used_at: number | null;
}

interface Answer {
  tokens?: TokenRow[];
  result?: { token: TokenRow; secret: string } & { revoked: boolean };
  error?: { message: unknown } | string;
}

async function ask(basedir: string, body?: object): Promise<Answer> {
  if ((await runningPid(pidFile(basedir))) === null) {
    const hint = `start it with: buildbot-master start ${basedir}`;
    throw new ExternalError('buildbot-master', `no master runs in ${basedir}`, { hint });
  }
  try {
    const question = { prefix: '', path: '/auth/tokens', ...(body === undefined ? {} : { body }) };
    return (await askMaster(basedir, question)) as Answer;
  } catch (cause) {
    const message = `the master does not answer: ${messageOf(cause)}`;
    throw new ExternalError('buildbot-master', message, { cause });
  }
}

async function call(basedir: string, method: string, params: object): Promise<NonNullable<Answer['result']>> {
  const { result, error } = await ask(basedir, { jsonrpc: '2.0', id: 1, method, params });
  if (result !== undefined) return result;
  const reason = typeof error === 'object' ? error.message : error;
  const text = typeof reason === 'object' ? Object.values(reason ?? {}).join('; ') : String(reason);
  throw new UserError(`the master refuses: ${text}`);
}

/** Seconds; `null` for never. */
function lifeOf(text: string): number | null {
  if (text === 'never') return null;
  const parsed = parseDuration(text);
  if (!parsed.ok || parsed.ms < 1000)
    throw new UserError(`--expires ${text}: expected a duration`, { hint: 'for example 90d, 8h or never' });
  return Math.floor(parsed.ms / 1000);
}

function scopesOf(text: string): string[] {
  const scopes = text.split(',').map((scope) => scope.trim());
  const unknown = scopes.find((scope) => !SCOPES.includes(scope));
  if (unknown === undefined) return scopes;
  throw new UserError(`--scope: there is no scope "${unknown}"`, { hint: `known: ${SCOPES.join(', ')}` });
}

/** Make a token; the last line on standard output is its secret. */
export async function addToken(basedir: string, options: TokenOptions, output: TokenOutput): Promise<void> {
  const { name, user, scope = 'read', group = [], expires = DEFAULT_LIFE } = options;
  if (name === undefined || user === undefined) {
    throw new UserError('a token needs --name (what it is for) and --user (whose it is)', {
      hint: 'for example: buildbot-master token add BASEDIR --name deploy --user alice --scope read,control',
    });
  }
  const params = { name, user, scopes: scopesOf(scope), groups: group, expires_in: lifeOf(expires) };
  const { token, secret } = await call(basedir, 'add', params);
  output.note(
    `token ${token.tokenid} for ${sanitizeName(token.user)}, ${validity(token)}; it is shown only now:`,
  );
  output.out(secret);
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function validity({ expires_at, revoked_at }: TokenRow): string {
  if (revoked_at !== null) return `revoked ${day(revoked_at)}`;
  return expires_at === null ? 'never expires' : `expires ${day(expires_at)}`;
}

/** A line for each token, never with its secret, which nobody has. */
export async function listTokens(basedir: string, { out }: TokenOutput): Promise<void> {
  const { tokens = [] } = await ask(basedir);
  for (const token of tokens) {
    const used = token.used_at === null ? 'never used' : `used ${day(token.used_at)}`;
    const words = [token.tokenid, token.user, token.name, token.scopes.join(','), validity(token), used];
    out(words.map((word) => sanitizeName(String(word))).join('  '));
  }
  if (tokens.length === 0) out('there are no tokens');
}

export async function revokeToken(basedir: string, id: string, { out }: TokenOutput): Promise<void> {
  if (!/^\d{1,15}$/.test(id))
    throw new UserError(`"${id}" is no number of a token`, { hint: 'see: buildbot-master token list' });
  const { revoked } = await call(basedir, 'revoke', { tokenid: Number(id) });
  if (!revoked) throw new UserError(`there is no token ${id} that could be revoked`);
  out(`revoked token ${id}: it is refused from now on, and its streams have ended`);
}
