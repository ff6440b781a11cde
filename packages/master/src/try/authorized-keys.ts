/**
 * The `authorized_keys` format of OpenSSH (sshd(8), AUTHORIZED_KEYS FILE FORMAT), as far as a server needs it whose
 * only service is forced commands: a line without `command=` lets nobody in here.
 */

/** One usable line. */
export interface AuthorizedKey {
  /** `ssh-ed25519`, `ssh-rsa`, … */
  type: string;
  /** The public key's wire form. */
  blob: Buffer;
  /** The forced command as an argv; it is run without a shell. */
  command: string[];
}

/** What was read, and why the other lines do not count. */
export interface AuthorizedKeys {
  keys: AuthorizedKey[];
  problems: { line: number; reason: string }[];
}

/** Options that only take rights away which this server never gives. */
const HARMLESS = new Set([
  'restrict',
  'no-pty',
  'no-port-forwarding',
  'no-agent-forwarding',
  'no-x11-forwarding',
  'no-user-rc',
]);

/** Read a whole file. Never throws. */
export function parseAuthorizedKeys(text: string): AuthorizedKeys {
  const found: AuthorizedKeys = { keys: [], problems: [] };
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const parsed = parseLine(line);
    if ('reason' in parsed) found.problems.push({ line: index + 1, reason: parsed.reason });
    else found.keys.push(parsed);
  }
  return found;
}

function parseLine(line: string): AuthorizedKey | { reason: string } {
  const options = isKeyType(line) ? '' : takeOptions(line);
  const [type = '', encoded = ''] = line.slice(options.length).trim().split(/\s+/);
  if (!isKeyType(type) || !/^[A-Za-z0-9+/]+=*$/.test(encoded)) return { reason: 'it holds no public key' };
  let command: string | null = null;
  for (const option of splitOptions(options)) {
    const [, name = '', value] = /^([A-Za-z0-9-]+)(?:="((?:[^"\\]|\\.)*)")?$/s.exec(option) ?? [];
    if (name.toLowerCase() === 'command' && value !== undefined) command = value.replaceAll('\\"', '"');
    else if (!HARMLESS.has(name.toLowerCase()))
      return { reason: `the option ${option.split('=', 1)[0]} is not supported` };
  }
  if (command === null)
    return { reason: 'it has no command="buildbot tryserver …", so it would allow nothing' };
  const argv = splitWords(command);
  if (argv === null || argv.length === 0) return { reason: 'the quotes in its command do not match' };
  return { type, blob: Buffer.from(encoded, 'base64'), command: argv };
}

function isKeyType(text: string): boolean {
  return /^(ssh-|ecdsa-sha2-|sk-)[^\s,="]+(\s|$)/.test(text);
}

/** The option part: up to the first white space outside quotes. */
function takeOptions(line: string): string {
  return /^(?:"(?:[^"\\]|\\.)*"|[^\s"])*/s.exec(line)?.[0] ?? '';
}

function splitOptions(options: string): string[] {
  return options.match(/(?:"(?:[^"\\]|\\.)*"|[^,"])+/gs) ?? [];
}

/**
 * Words of a command in the manner of a POSIX shell, with quotes and backslashes but without any expansion; `null`
 * when a quote is not closed.
 */
export function splitWords(command: string): string[] | null {
  const words: string[] = [];
  const token = /\s+|'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/gsy;
  let word: string | null = null;
  while (token.lastIndex < command.length) {
    const match = token.exec(command);
    if (match === null) return null;
    const [, single, double, escaped, plain] = match;
    const piece = single ?? double?.replace(/\\(["\\$`])/g, '$1') ?? escaped ?? plain;
    if (piece !== undefined) word = (word ?? '') + piece;
    else if (word !== null) {
      words.push(word);
      word = null;
    }
  }
  if (word !== null) words.push(word);
  return words;
}
