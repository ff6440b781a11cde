/** Tokens and sessions as the store keeps them, and what is written down of who did what. Types only. */

/** What a token may be used for; what its user may do bounds it further, but for `admin`. */
export type Scope = 'read' | 'control' | 'admin';

/** What is known of a user besides the name. */
export interface Person {
  email: string | null;
  fullName: string | null;
  groups: string[];
}

export interface Credential {
  credentialId: number;
  /** A `token` is for programs, a `session` is what a browser has a cookie of. */
  kind: 'token' | 'session';
  /** For people: what a token is for, how a session began. */
  name: string;
  user: string;
  person: Person;
  scopes: Scope[];
  /** Times are epoch milliseconds. */
  createdAt: number;
  createdBy: string;
  expiresAt: number | null;
  revokedAt: number | null;
  revokedBy: string | null;
  /** Last use, to the hour. */
  usedAt: number | null;
}

/** `hash` is the SHA-256 of the secret. */
export type NewCredential = Pick<
  Credential,
  'kind' | 'name' | 'user' | 'person' | 'scopes' | 'createdBy' | 'expiresAt'
> & { hash: string };

/** Who did or tried what, from where. */
export interface AuditEntry {
  what: 'login' | 'logout' | 'read' | 'control' | 'token';
  verdict: 'allowed' | 'refused';
  user: string;
  /** The door they came through. */
  door: string;
  /** Address of the peer; `null` on a socket. */
  address: string | null;
  /** The call in a few words: `stop /api/v2/builds/17`. */
  action: string;
  /** Why it was refused. */
  reason: string | null;
  /** How often it was refused since it was last written down, this time included. */
  times: number;
}

export interface CredentialStore {
  addCredential(credential: NewCredential): Promise<Credential>;
  /** All that are neither revoked nor expired, each with its hash. */
  validCredentials(): Promise<(Credential & { hash: string })[]>;
  /** Tokens that were not forgotten yet, the revoked and expired ones too, oldest first. */
  tokens(): Promise<Credential[]>;
  /** Take its validity away for ever; `false` when there is no such one or it is revoked already. */
  revokeCredential(credentialId: number, by: string): Promise<boolean>;
  /** Keep that it was used now. */
  touchCredential(credentialId: number): Promise<void>;
  /** Write an event of what somebody did or tried. */
  audit(entry: AuditEntry): Promise<void>;
}
