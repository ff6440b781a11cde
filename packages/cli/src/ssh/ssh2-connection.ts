/** An open connection made of one ssh2 client per hop; programs run on the last one. */

import type { Duplex } from 'node:stream';
import { BugError, ExternalError } from '@buildbot/shared';
import type { Client, ClientChannel } from 'ssh2';
import { type ChannelProcess, channelProcess } from './channel-process.ts';
import type { HostConfig } from './config.ts';
import { connectionLost, placeOf } from './connect-errors.ts';
import { keepaliveOf } from './hop.ts';
import type { RemoteProcess, SshConnection } from './port.ts';
import { joinRemoteWords } from './remote-words.ts';
import { watchSilence } from './silence.ts';

export interface OpenHop {
  readonly host: HostConfig;
  readonly client: Client;
  readonly stream: Duplex;
}

type CloseListener = (reason: Error | undefined) => void;

export class Ssh2Connection implements SshConnection {
  /** From the first jump host to the target. */
  readonly #hops: readonly OpenHop[];
  readonly #target: OpenHop;
  readonly #processes = new Set<ChannelProcess>();
  readonly #closeListeners: CloseListener[] = [];
  #gone: { readonly reason: Error | undefined } | undefined;

  /** @param hops at least one; the last is the target */
  constructor(hops: readonly OpenHop[]) {
    const target = hops.at(-1);
    if (!target) throw new BugError('an SSH connection without a host');
    this.#hops = hops;
    this.#target = target;
    for (const hop of hops) this.#watch(hop);
  }

  async exec(argv: readonly string[]): Promise<RemoteProcess> {
    const channel = await this.#openChannel(joinRemoteWords(argv));
    const started = channelProcess(channel);
    this.#processes.add(started);
    channel.once('close', () => this.#processes.delete(started));
    return started.process;
  }

  close(): void {
    this.#end(undefined);
    for (const { client } of this.#hops.toReversed()) client.end();
    // The server need not be waited for; one that does not hang up must not keep this process alive.
    const [first] = this.#hops;
    const socket = first?.stream as { unref?: () => void } | undefined;
    socket?.unref?.();
  }

  onClose(listener: CloseListener): void {
    if (this.#gone) listener(this.#gone.reason);
    else this.#closeListeners.push(listener);
  }

  #watch({ host, client, stream }: OpenHop): void {
    let cause: Error | undefined;
    client.on('error', (error) => {
      cause ??= error;
    });
    client.once('close', () => this.#end(connectionLost(host, cause)));
    watchSilence(stream, keepaliveOf(host), () => {
      cause ??= new Error('nothing was heard from it any more');
      client.destroy();
    });
  }

  async #openChannel(command: string): Promise<ClientChannel> {
    if (this.#gone) throw this.#gone.reason ?? new ExternalError(this.#source(), 'the connection is closed');
    const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
    this.#target.client.exec(command, (error, channel) => {
      if (error) reject(this.#gone?.reason ?? this.#refusal(error));
      else resolve(channel);
    });
    return promise;
  }

  #refusal(cause: Error): ExternalError {
    return new ExternalError(this.#source(), 'it runs no commands for you', {
      hint: 'The key may be restricted, or the account have no shell; ask the administrator.',
      cause,
    });
  }

  #source(): string {
    return `ssh ${placeOf(this.#target.host)}`;
  }

  #end(reason: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = { reason };
    for (const process of this.#processes) process.connectionGone(reason);
    for (const listener of this.#closeListeners.splice(0)) listener(reason);
  }
}
