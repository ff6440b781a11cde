/** The questions and notes SSH may have for the person in front of it. */

/** What an unknown host presents. */
export interface UnknownHost {
  /** The name under which `known_hosts` would hold it: `host` or `[host]:port`. */
  readonly host: string;
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, … */
  readonly keyType: string;
  /** Worth knowing before saying yes, e.g. that the host is known by keys of other types. */
  readonly warnings: readonly string[];
}

export interface SshInteraction {
  /** Whether to trust a host never seen before. Absent when nobody can be asked: then it is refused. */
  readonly askHost?: (host: UnknownHost) => Promise<boolean>;
  /** The passphrase of a key file, or null to go on without it. Absent when nobody can be asked. */
  readonly askPassphrase?: (keyFile: string) => Promise<string | null>;
  /** Takes a line that is worth showing and needs no answer. */
  readonly note: (text: string) => void;
}
