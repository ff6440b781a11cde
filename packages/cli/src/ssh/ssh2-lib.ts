/**
 * Loads ssh2 when a connection is really made. The package's index also loads its server, its HTTP agents and its key
 * generator: 55–80 ms, the client alone 40–60 ms (2026-11-21, two cores), most of which then passes while `ssh -G`
 * runs and the TCP connection opens.
 */

import type { BaseAgent, Client, OpenSSHAgent, ParsedKey } from 'ssh2';

export interface Ssh2 {
  readonly Client: typeof Client;
  readonly BaseAgent: typeof BaseAgent<ParsedKey>;
  readonly createAgent: (path: string) => OpenSSHAgent;
  /** Several formats; an encrypted key without its passphrase, or anything else unreadable, is an `Error` value. */
  readonly parseKey: (data: Buffer | string, passphrase?: string) => ParsedKey | Error;
}

export async function loadSsh2(): Promise<Ssh2> {
  const [client, agent, keyParser] = await Promise.all([
    import('ssh2/lib/client.js'),
    import('ssh2/lib/agent.js'),
    import('ssh2/lib/protocol/keyParser.js'),
  ]);
  const { BaseAgent, createAgent } = agent.default;
  return { Client: client.default, BaseAgent, createAgent, parseKey: keyParser.default.parseKey };
}
