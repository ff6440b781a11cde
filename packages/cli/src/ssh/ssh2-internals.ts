/**
 * What this room needs of ssh2 that its types leave out or get wrong: every cast about it stands here, and nowhere else.
 * It holds for one version, which `package.json` pins; `ssh2-internals.test.ts` fails when another one is installed or
 * behaves otherwise.
 */
import type { AuthHandlerMiddleware, BaseAgent, ClientChannel, ParsedKey } from 'ssh2';
import type { Ssh2 } from './ssh2-lib.ts';

/** The version that all of this was read in. */
export const SSH2_VERSION = '1.17.0';

/** `false` ends the attempts to be let in; the types know only further methods. */
export function endAttempts(next: Parameters<AuthHandlerMiddleware>[2]): void {
  (next as unknown as (method: false) => void)(false);
}

/** Whether the far side has not yet said that its output is over: each direction's state is a field of its own. */
export function isStillSending(channel: ClientChannel): boolean {
  const { incoming } = channel as unknown as { incoming: { state: 'open' | 'eof' | 'closed' } };
  return incoming.state === 'open';
}

/** Keys that sign, wherever their private halves are. */
export interface KeyRing {
  readonly publicKeys: readonly ParsedKey[];
  /** @param hash which digest an RSA key shall use, as the server knows it */
  sign(publicKey: ParsedKey, data: Buffer, hash: string | undefined): Promise<Buffer>;
}

/** The ring as an agent. The types of its methods are those of agents that hold strings. */
export function agentOf(ssh2: Ssh2, ring: KeyRing): BaseAgent {
  class RingAgent extends ssh2.BaseAgent {
    override getIdentities(callback: (error: Error | undefined, keys: ParsedKey[]) => void): void {
      callback(undefined, [...ring.publicKeys]);
    }

    override sign(publicKey: ParsedKey, data: Buffer, options: unknown, callback?: unknown): void {
      const done = callback as (error: Error | null, signature?: Buffer) => void;
      const { hash } = options as { hash?: string };
      ring.sign(publicKey, data, hash).then((signature) => done(null, signature), done);
    }
  }
  return new RingAgent() as unknown as BaseAgent;
}
