/**
 * What `tryserver` was asked to do. Under a forced command the arguments are the administrator's and the client's own
 * wish comes in SSH_ORIGINAL_COMMAND: it is read as words, never run, and of it only `--attach` counts.
 */

/** What to do, or why not. */
export type TryserverRequest =
  | { ok: true; jobdir: string; user: string | null; attach: boolean }
  | { ok: false; reason: string };

const MAX_ORIGINAL_COMMAND = 4096;

/** `argv` without program name and verb; `originalCommand` as sshd hands it over. */
export function readArguments(
  argv: readonly string[],
  originalCommand: string | undefined,
): TryserverRequest {
  const own = parseWords(argv);
  if (!own.ok) return own;
  if (own.jobdir === null) return { ok: false, reason: 'expected --jobdir DIR' };
  const { jobdir, user, attach } = own;
  if (originalCommand === undefined) return { ok: true, jobdir, user, attach };
  const wished = readOriginalCommand(originalCommand);
  if (!wished.ok) return wished;
  if (wished.user !== null && wished.user !== user) {
    return { ok: false, reason: `this key may not submit in the name of ${wished.user}` };
  }
  return { ok: true, jobdir, user, attach: attach || wished.attach };
}

type Words =
  | { ok: true; jobdir: string | null; user: string | null; attach: boolean }
  | { ok: false; reason: string };

function parseWords(words: readonly string[]): Words {
  const found: Words = { ok: true, jobdir: null, user: null, attach: false };
  for (let i = 0; i < words.length; i++) {
    const [name, inline] = splitOption(words[i] as string);
    if (name === '--attach' && inline === null) {
      found.attach = true;
      continue;
    }
    if (name !== '--jobdir' && name !== '--user')
      return { ok: false, reason: `unexpected argument "${words[i]}"` };
    const value = inline ?? words[++i];
    if (value === undefined || value === '') return { ok: false, reason: `${name} needs a value` };
    if (name === '--jobdir') found.jobdir = value;
    else found.user = value;
  }
  return found;
}

function splitOption(word: string): [string, string | null] {
  const at = word.indexOf('=');
  return word.startsWith('--') && at !== -1 ? [word.slice(0, at), word.slice(at + 1)] : [word, null];
}

/** The closed list of what a client may ask for: `[buildbot] tryserver OPTIONS`, with simple words only. */
function readOriginalCommand(command: string): Words {
  if (command.length > MAX_ORIGINAL_COMMAND) return { ok: false, reason: 'the command is too long' };
  const words = command
    .trim()
    .split(/\s+/)
    .map((word) => word.replace(/^(['"])(.*)\1$/, '$2'));
  const verb = words.indexOf('tryserver');
  // A program name may have been given as a path, or as `node /path/buildbot.js`.
  if (verb === -1 || verb > 2) return { ok: false, reason: 'this key only allows: buildbot tryserver' };
  return parseWords(words.slice(verb + 1));
}
