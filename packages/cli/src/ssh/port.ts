/**
 * What the rest of the CLI knows of SSH: connect to a target, run programs there, be told when the connection is
 * gone. Two implementations keep this promise (`transport.contract.ts`): ssh2 in this process, and the user's own
 * `ssh` program.
 */

import type { Duplex, Readable } from 'node:stream';

/** A host as flags and `.buildbot` name it. What is left out comes from the user's own SSH configuration. */
export interface SshTarget {
  /** A name, an address or an alias of the user's SSH configuration; checked by `checkHost`. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly user?: string | undefined;
}

export interface SshTransport {
  /**
   * Connects, verifies the host and gets let in.
   * @throws HostKeyError, NotLetInError, UserError (bad target or configuration), ExternalError (cannot connect)
   */
  connect(target: SshTarget): Promise<SshConnection>;
}

export interface SshConnection {
  /**
   * Runs a program there. Each word arrives as one argument, whatever it holds: words are quoted for the remote
   * shell, since SSH sends one line of text. Several programs may run at once.
   */
  exec(argv: readonly string[]): Promise<RemoteProcess>;
  /** Ends the connection and every program's streams with it. Closing twice is harmless. */
  close(): void;
  /**
   * Calls back once when the connection is gone, at once if it already is. `reason` is undefined when `close` was
   * the cause.
   */
  onClose(listener: (reason: Error | undefined) => void): void;
}

export interface RemoteProcess {
  /**
   * Standard input (writing; `end` sends end of file) and output (reading). Slow readers and writers hold the other
   * side back. If the connection breaks it is destroyed with an error, so cut output never looks complete.
   */
  readonly duplex: Duplex;
  /** Standard error; must be read or `resume`d, for it shares its flow control with the output. */
  readonly stderr: Readable;
  /** Never rejects: how the program ended. Code null without a signal: the connection broke before it was told. */
  readonly exit: Promise<RemoteExit>;
}

export interface RemoteExit {
  readonly code: number | null;
  /** `SIGKILL`, `SIGTERM`, … when a signal ended the program. */
  readonly signal?: string;
}
