/** Passwords of workers that stand in files of their own. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type MasterConfig, messageOf, UserError, type WorkerConfig } from '@buildbot/shared';

/** The configuration with the password of every worker in it, so that another password is another configuration. */
export async function withPasswords(basedir: string, config: MasterConfig): Promise<MasterConfig> {
  const workers = await Promise.all(config.workers.map((worker) => withPassword(basedir, worker)));
  return { ...config, workers };
}

async function withPassword(basedir: string, worker: WorkerConfig): Promise<WorkerConfig> {
  if (worker.passwordFile === undefined) return worker;
  try {
    const password = (await readFile(resolve(basedir, worker.passwordFile), 'utf8')).trim();
    return { ...worker, password };
  } catch (error) {
    const message = `cannot read the password of worker ${worker.name}: ${messageOf(error)}`;
    throw new UserError(message, { cause: error });
  }
}
