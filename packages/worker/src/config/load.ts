/** `worker.yaml` of a BASEDIR, with its password and its masters checked. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type Fault,
  messageOf,
  nearest,
  parseWorkerFile,
  UserError,
  type WorkerFile,
} from '@buildbot/shared';
import { masterUrls } from '../session/master-url.ts';

/** Everything a worker is started with. */
export interface WorkerSettings extends WorkerFile {
  masters: string[];
  password: string;
}

export function configPath(basedir: string): string {
  return join(basedir, 'worker.yaml');
}

/** Read the configuration of `basedir`; throws a `UserError` with all that is wrong: file, line, column, what to do. */
export async function loadSettings(basedir: string): Promise<WorkerSettings> {
  const path = configPath(basedir);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const hint = `make it with: buildbot-worker create ${basedir} --master URL --name NAME --password-file FILE`;
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { hint, cause: error });
  });
  const file = await parseWorkerFile(text, path, async (data) => {
    if (!(data instanceof Object) || Array.isArray(data)) return [];
    const fields = data as Fields;
    return [...masterFaults(fields), ...(await passwordFaults(fields, basedir))];
  });
  const { master, password, passwordFile = '' } = file;
  return {
    ...file,
    masters: masterUrls(master),
    password: password ?? (await readPassword(resolve(basedir, passwordFile))),
  };
}

/** What `worker.yaml` holds before anything is known of it: the schema reports what is not of its kind. */
type Fields = Readonly<Record<string, unknown>>;

function masterFaults({ master }: Fields): Fault[] {
  if (typeof master !== 'string' || master === '') return [];
  try {
    return masterUrls(master).length > 0 ? [] : [fault(['master'], 'no address in it')];
  } catch (error) {
    return [faultOf(['master'], error)];
  }
}

async function passwordFaults(fields: Fields, basedir: string): Promise<Fault[]> {
  const keys = ['password', 'passwordFile'];
  const given = keys.filter((key) => Object.hasOwn(fields, key));
  const isMisspelt = Object.keys(fields).some((key) => nearest(key, keys) !== undefined);
  if (given.length === 2 || (given.length === 0 && !isMisspelt))
    return [fault([], 'give exactly one of password and passwordFile')];
  const { passwordFile: file } = fields;
  if (typeof file !== 'string' || file === '') return [];
  try {
    await readPassword(resolve(basedir, file));
    return [];
  } catch (error) {
    return [faultOf(['passwordFile'], error)];
  }
}

/** A password that others on the machine may read is none. */
async function readPassword(path: string): Promise<string> {
  const hint = 'it must hold the password that the master knows';
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UserError(`cannot read ${path}: ${messageOf(error)}`, { hint, cause: error });
  });
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new UserError(`${path} may be read by others on this machine`, { hint: `chmod 600 ${path}` });
  }
  if (text.trim() === '') throw new UserError(`${path} is empty`, { hint });
  return text.trim();
}

function faultOf(path: Fault['path'], error: unknown): Fault {
  if (error instanceof UserError) return fault(path, error.message, error.hint);
  throw error;
}

function fault(path: Fault['path'], message: string, hint: string | null = null): Fault {
  return { path, message, hint, isKey: false };
}
