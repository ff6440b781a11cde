/** Who asks: what the door, and for TCP their credentials, prove of them. Types only. */
import type { Person, Scope } from './credentials.ts';

/** Where a connection over TCP comes from. */
export interface Peer {
  /** Address of the other end, which may be a proxy's. */
  address: string;
  /** Whether the connection is encrypted as far as this process. */
  isSecure: boolean;
}

/** How somebody who came over TCP has proved who they are. */
export interface Proof {
  by: 'token' | 'session' | 'proxy';
  person: Person;
  scopes: readonly Scope[];
  /** `null` for what a proxy has said. */
  credentialId: number | null;
  /** Aborted when the credential is valid no more; absent for what a proxy has said. */
  ended?: AbortSignal;
}

export interface Caller {
  /** `administrator` on master.sock, the proven user through the gateway, `anonymous` on TCP without a proof. */
  user: string;
  door: 'socket' | 'gateway' | 'tcp';
  /** Only over TCP. */
  peer?: Peer;
  /** Only over TCP, and only of those who gave one. */
  proof?: Proof;
}
