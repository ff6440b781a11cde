/** ssh2 keeps the promises of every transport, without anyone to ask. */

import { sshTransportContract } from './transport.contract.ts';
import { createSshTransport } from './transport.ts';

sshTransportContract('the ssh2 transport', ({ env, configFile }) =>
  createSshTransport({ env, configFile, interaction: { note: () => {} } }),
);
