/** A program at the other end of an ssh2 channel, as a `RemoteProcess`. */

import type { ClientChannel } from 'ssh2';
import { PairedDuplex } from './paired-duplex.ts';
import type { RemoteExit, RemoteProcess } from './port.ts';
import { isStillSending } from './ssh2-internals.ts';

export interface ChannelProcess {
  readonly process: RemoteProcess;
  /**
   * The connection is gone, with the reason unless we closed it ourselves. Must be called before ssh2 cleans up its
   * channels, because it does that by ending them as if all output had come.
   */
  connectionGone(reason: Error | undefined): void;
}

export function channelProcess(channel: ClientChannel): ChannelProcess {
  const exit = Promise.withResolvers<RemoteExit>();
  let cutBy: Error | undefined;
  channel.on('exit', (code: number | null, signal?: string) =>
    exit.resolve({ code, ...(signal && { signal }) }),
  );
  channel.once('close', () => exit.resolve({ code: null }));
  const duplex = new PairedDuplex({
    source: channel,
    sink: channel,
    endedBy: async () => cutBy,
    onDestroy: () => channel.close(),
  });
  return {
    process: { duplex, stderr: channel.stderr, exit: exit.promise },
    connectionGone(reason) {
      exit.resolve({ code: null });
      if (reason === undefined) duplex.destroy();
      else if (isStillSending(channel)) cutBy = reason;
    },
  };
}
