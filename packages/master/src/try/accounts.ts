/** Names of unix accounts by number. */
import { execFile } from 'node:child_process';
import { userInfo } from 'node:os';
import { promisify } from 'node:util';

const known = new Map<number, Promise<string>>();

async function lookUp(uid: number): Promise<string> {
  try {
    // getent asks whatever the system is set up to ask (files, LDAP, …), which reading /etc/passwd would not.
    const { stdout } = await promisify(execFile)('getent', ['passwd', String(uid)]);
    return stdout.split(':', 1)[0] || `uid-${uid}`;
  } catch {
    return `uid-${uid}`;
  }
}

/** The account's name, or `uid-N` when the system has none for it. */
export function accountName(uid: number): Promise<string> {
  let name = known.get(uid);
  if (name === undefined) {
    name = lookUp(uid);
    known.set(uid, name);
  }
  return name;
}

/** The account this process runs as. */
export function ownAccount(): string {
  return userInfo().username;
}
