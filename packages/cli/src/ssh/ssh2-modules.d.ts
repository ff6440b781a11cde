/** The parts of ssh2 that this room uses, by the paths from which they load fastest (see `ssh2-lib.ts`). */

declare module 'ssh2/lib/client.js' {
  import { Client } from 'ssh2';
  export default Client;
}

declare module 'ssh2/lib/agent.js' {
  import type { BaseAgent, OpenSSHAgent, ParsedKey } from 'ssh2';

  const agent: {
    BaseAgent: typeof BaseAgent<ParsedKey>;
    createAgent: (path: string) => OpenSSHAgent;
  };
  export default agent;
}

declare module 'ssh2/lib/protocol/keyParser.js' {
  import type { ParsedKey } from 'ssh2';

  const keyParser: {
    parseKey: (data: Buffer | string, passphrase?: string) => ParsedKey | Error;
  };
  export default keyParser;
}
