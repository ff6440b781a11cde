/** `buildbot-worker create`: a BASEDIR with a commented `worker.yaml` and a password that only its owner can read. */
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, nameSchema, UserError } from '@buildbot/shared';
import { configPath } from '../config/load.ts';
import { masterUrls } from '../session/master-url.ts';

export interface CreateInput {
  basedir: string;
  master: string;
  name: string;
  /** The password itself. */
  password: string;
}

/** Any text as a YAML scalar: JSON's strings are YAML's double-quoted ones. */
const quoted = (text: string): string => JSON.stringify(text);

function configText({ master, name }: CreateInput): string {
  return `# A Buildbot worker. Start it with: buildbot-worker start BASEDIR
name: ${quoted(name)}
# ws://host:port or wss://host:port; several, separated by commas, are tried in turn.
master: ${quoted(master)}
# Below BASEDIR if relative. Nobody but you may read it (mode 0600).
passwordFile: password

# Who looks after this machine and what it is, for people to see.
# admin: Ann Example <ann@example.org>
# host: rack 4, 16 cores

# Output that may wait on this disk for the master; when it is full, builds wait.
# spoolMiB: 1024

# When it may be used; also: buildbot set-worker-availability BASEDIR unavailable --for 2h
# availability:
#   calendar: [{ days: mon-fri, from: "08:00", to: "18:00", be: reluctant }]
#   load: { above: 1.5, for: 2m, below: 0.8, be: reluctant }

# Variables of the worker that commands may see. LC_* means all that begin so.
# environment: [PATH, HOME, USER, LOGNAME, SHELL, LANG, LC_*, TZ, TMPDIR]
`;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Read a password from a file as `--password-file` names it. */
export async function passwordFrom(path: string): Promise<string> {
  try {
    const password = (await readFile(path, 'utf8')).trim();
    if (password !== '') return password;
  } catch (error) {
    throw new UserError(`cannot read the password file: ${messageOf(error)}`, { cause: error });
  }
  throw new UserError(`${path} is empty`, { hint: 'it must hold the password of this worker' });
}

/** Make the folder. Everything is checked before anything is written; a folder that has a worker is left alone. */
export async function createBasedir(input: CreateInput): Promise<void> {
  const { basedir, name, master, password } = input;
  if (masterUrls(master).length === 0) throw new UserError('--master holds no address');
  const checked = nameSchema.safeParse(name);
  if (!checked.success) throw new UserError(`--name: ${checked.error.issues[0]?.message}`);
  if (await exists(configPath(basedir))) {
    throw new UserError(`${configPath(basedir)} exists already`, {
      hint: 'edit it, or choose another folder',
    });
  }
  await mkdir(basedir, { recursive: true, mode: 0o700 });
  await writeFile(join(basedir, 'password'), `${password}\n`, { mode: 0o600 });
  await writeFile(configPath(basedir), configText(input), { flag: 'wx', mode: 0o600 });
}
