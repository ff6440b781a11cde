/**
 * Who may connect as a worker: names and passwords of the configuration, compared in constant time. One that was taken out
 * while the master was away has no password any more; the process that has its builds is known by its boot id.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FormerWorker, WorkerIdentity } from '../ports/workers.ts';

/** A worker of the configuration as the store knows it. */
export interface WorkerAccount extends WorkerIdentity {
  password: string;
}

export type Admission =
  | { ok: true; account: WorkerIdentity }
  | { ok: false; code: 'unknown-worker' | 'wrong-password'; reason: string };

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export class Accounts {
  readonly #byName: ReadonlyMap<string, WorkerAccount | FormerWorker>;

  /** A name of the configuration counts before the same one of a worker that was taken out. */
  constructor(accounts: readonly WorkerAccount[], former: readonly FormerWorker[] = []) {
    this.#byName = new Map([...former, ...accounts].map((account) => [account.name, account]));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Takes the same time for every wrong password, and for a name that is not there. The boot id opens to former workers alone. */
  admit(name: string, password: string, bootId: string): Admission {
    const account = this.#byName.get(name);
    const isFormer = account !== undefined && 'bootId' in account;
    const said = isFormer ? bootId : password;
    const wanted = isFormer ? account.bootId : account?.password;
    const isRight = timingSafeEqual(digest(said), digest(wanted ?? '')) && wanted != null;
    if (account === undefined || (isFormer && !isRight)) {
      return { ok: false, code: 'unknown-worker', reason: `no worker of this name is configured: ${name}` };
    }
    if (isRight) return { ok: true, account };
    return { ok: false, code: 'wrong-password', reason: `the password of worker ${name} is not right` };
  }
}
