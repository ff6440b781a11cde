/** Who may connect as a worker: names and passwords of the configuration, compared in constant time. */
import { createHash, timingSafeEqual } from 'node:crypto';

/** A worker of the configuration as the store knows it. */
export interface WorkerAccount {
  workerId: number;
  name: string;
  password: string;
}

export type Admission =
  | { ok: true; account: WorkerAccount }
  | { ok: false; code: 'unknown-worker' | 'wrong-password'; reason: string };

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export class Accounts {
  readonly #byName: ReadonlyMap<string, WorkerAccount>;

  constructor(accounts: readonly WorkerAccount[]) {
    this.#byName = new Map(accounts.map((account) => [account.name, account]));
  }

  has(name: string): boolean {
    return this.#byName.has(name);
  }

  /** Takes the same time for every wrong password, and for a name that is not there. */
  admit(name: string, password: string): Admission {
    const account = this.#byName.get(name);
    const isRight = timingSafeEqual(digest(password), digest(account?.password ?? ''));
    if (account === undefined) {
      return { ok: false, code: 'unknown-worker', reason: `no worker of this name is configured: ${name}` };
    }
    if (isRight) return { ok: true, account };
    return { ok: false, code: 'wrong-password', reason: `the password of worker ${name} is not right` };
  }
}
