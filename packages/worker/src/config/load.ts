/** `worker.yaml` of a BASEDIR, with its password and its masters checked. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, parseWorkerFile, UserError, type WorkerFile } from '@buildbot/shared';
import { masterUrls } from '../session/master-url.ts';

/** Everything a worker is started with. */
export interface WorkerSettings extends WorkerFile {
  masters: string[];
  password: string;
}

export function configPath(basedir: string): string {
  return join(basedir, 'worker.yaml');
}

async function readText(path: string, hint: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { hint, cause: error });
  }
}

/** A password that others on the machine may read is none. */
async function readPassword(path: string): Promise<string> {
  const password = (await readText(path, 'it must hold the password that the master knows')).trim();
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new UserError(`${path} may be read by others on this machine`, { hint: `chmod 600 ${path}` });
  }
  if (password === '') throw new UserError(`${path} is empty`, { hint: 'it must hold the password' });
  return password;
}

/** Read the configuration of `basedir`; throws `UserError` with file, line and what to do. */
export async function loadSettings(basedir: string): Promise<WorkerSettings> {
  const path = configPath(basedir);
  const hint = `make it with: buildbot-worker create ${basedir} --master URL --name NAME --password-file FILE`;
  const file = await parseWorkerFile(await readText(path, hint), path);
  const masters = masterUrls(file.master);
  if (masters.length === 0) throw new UserError(`${path}: master: no address in it`);
  if ((file.password === undefined) === (file.passwordFile === undefined)) {
    throw new UserError(`${path}: exactly one of password and passwordFile is needed`);
  }
  const password = file.password ?? (await readPassword(resolve(basedir, file.passwordFile ?? '')));
  return { ...file, masters, password };
}
