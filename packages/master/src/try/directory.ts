/**
 * The try directory on disk: `tmp/ new/ cur/ failed/`. Whoever may write the directory may submit, so nothing in it is
 * trusted: links are not followed, only regular files of bounded size are read, and the owner is taken from the open
 * file rather than from its name.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '@buildbot/shared';
import type { JobFileRead, TryDirectory } from '../ports/try-directory.ts';
import { accountName } from './accounts.ts';
import { isPlainName, namedUser, provenUser } from './file-name.ts';

/** What a directory needs to know of its scheduler. */
export interface TryDirectoryOptions {
  path: string;
  maxJobBytes: number;
  /** Accounts whose files may name another user. */
  gateways: ReadonlySet<string>;
}

/** Write permission of group and others. */
const OTHERS_WRITE = 0o022;

const FOLDERS = ['tmp', 'new', 'cur', 'failed'] as const;

/** Make the missing folders (the mode is the directory's own, so a group that may write it may write them). */
export async function openTryDirectory(options: TryDirectoryOptions): Promise<TryDirectory> {
  await mkdir(options.path, { recursive: true });
  const { mode } = await stat(options.path);
  for (const folder of FOLDERS) await makeFolder(join(options.path, folder), mode & 0o3777);
  return new MaildirTryDirectory(options);
}

async function makeFolder(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return;
  }
  // mkdir's own mode is cut by the umask, which the daemon keeps tight.
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  await folder.chmod(mode);
  await folder.close();
}

class MaildirTryDirectory implements TryDirectory {
  readonly path: string;
  readonly #options: TryDirectoryOptions;

  constructor(options: TryDirectoryOptions) {
    this.path = options.path;
    this.#options = options;
  }

  async list(): Promise<string[]> {
    const names = (await readdir(join(this.path, 'new'))).filter((name) => !name.startsWith('.'));
    const dated = await Promise.all(
      names.map(async (name) => ({
        name,
        at: (await stat(this.#place('new', name)).catch(() => null))?.mtimeMs ?? 0,
      })),
    );
    return dated.sort((a, b) => a.at - b.at || (a.name < b.name ? -1 : 1)).map(({ name }) => name);
  }

  async dropUploads(idleSince: number): Promise<string[]> {
    const dropped: string[] = [];
    for (const name of await readdir(join(this.path, 'tmp'))) {
      const file = join(this.path, 'tmp', name);
      // What is no file (a folder, a link) is not ours to follow or to judge.
      const found = await lstat(file).catch(() => null);
      if (found?.isFile() !== true || found.mtimeMs >= idleSince) continue;
      await rm(file, { force: true });
      dropped.push(name);
    }
    return dropped;
  }

  async read(name: string): Promise<JobFileRead> {
    if (!isPlainName(name)) return { status: 'bad', reason: 'its name is not a plain file name' };
    for (const place of ['new', 'cur'] as const) {
      const found = await this.#readFrom(place, name);
      if (found !== null) return found;
    }
    const reason = await open(
      `${this.#place('failed', name)}.reason`,
      constants.O_RDONLY | constants.O_NOFOLLOW,
    )
      .then((file) => file.readFile('utf8').finally(() => file.close()))
      .catch(() => null);
    return reason === null ? { status: 'gone' } : { status: 'failed', reason: reason.trimEnd() };
  }

  async accept(name: string): Promise<void> {
    await moveIfThere(this.#place('new', name), this.#place('cur', name));
  }

  async refuse(name: string, reason: string): Promise<void> {
    // The reason first: whoever sees the file in `failed/` finds it there.
    await writeWhole(`${this.#place('failed', name)}.reason`, `${reason}\n`);
    await moveIfThere(this.#place('new', name), this.#place('failed', name));
  }

  async #readFrom(place: 'new' | 'cur', name: string): Promise<JobFileRead | null> {
    let file: FileHandle;
    try {
      // O_NONBLOCK: opening a FIFO must not wait for a writer.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      file = await open(this.#place(place, name), flags);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return null;
      if (code === 'ELOOP') return { status: 'bad', reason: 'it is a symbolic link' };
      return { status: 'bad', reason: `it cannot be read: ${messageOf(error)}` };
    }
    try {
      return await this.#judge(file, place, name);
    } finally {
      await file.close();
    }
  }

  async #judge(file: FileHandle, place: 'new' | 'cur', name: string): Promise<JobFileRead> {
    const info = await file.stat();
    if (!info.isFile()) return { status: 'bad', reason: 'it is not a regular file' };
    // The owner is who submitted it only if nobody else can have put it here or changed it.
    if (info.nlink !== 1) return { status: 'bad', reason: 'it has a second name (a hard link)' };
    if ((info.mode & OTHERS_WRITE) !== 0) {
      return {
        status: 'bad',
        reason: 'others than its owner may write it (chmod go-w before it goes to new/)',
      };
    }
    const { maxJobBytes, gateways } = this.#options;
    if (info.size > maxJobBytes) {
      return {
        status: 'bad',
        reason: `it has ${info.size} bytes; this scheduler takes at most ${maxJobBytes}`,
      };
    }
    const proven = provenUser(await accountName(info.uid), namedUser(name), gateways);
    if ('reason' in proven) return { status: 'bad', reason: proven.reason };
    return { status: 'found', place, bytes: await file.readFile(), user: proven.user };
  }

  #place(folder: (typeof FOLDERS)[number], name: string): string {
    return join(this.path, folder, name);
  }
}

/**
 * A file with this text, readable for everybody. Never written through what is there: its name was chosen by somebody
 * who may have made a link of it.
 */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  const file = await open(temporary, 'wx', 0o644);
  await file.chmod(0o644);
  await file.writeFile(text).finally(() => file.close());
  await rename(temporary, path);
}

/** Rename; a file that somebody else moved meanwhile is fine, a folder of the same name in the way is removed. */
async function moveIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return;
    if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    await rm(to, { recursive: true, force: true });
    await rename(from, to);
  }
}
