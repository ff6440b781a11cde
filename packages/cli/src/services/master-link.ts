/** A way to the master's API that can be opened again after it broke: through SSH, or at an address. */
import type { Duplex } from 'node:stream';
import { ExternalError } from '@buildbot/shared';
import { parseApiAddress } from '../client/api-address.ts';
import { ApiClient, limitsFor } from '../client/api-client.ts';
import { readToken } from '../client/token-file.ts';
import { LinkError } from '../client/transport.ts';
import { attach, type TryLinkOptions } from '../client/try-link.ts';
import type { SshConnection, SshTarget, SshTransport } from '../ssh/port.ts';

export interface MasterLink {
  /** As a person would name it. */
  readonly name: string;
  /**
   * A client for the API. Once one was open, only `LinkError` says that it is worth another try.
   * @throws UserError, ExternalError, LinkError
   */
  open(): Promise<ApiClient>;
  close(): void;
}

export interface AddressOptions {
  /** How often something is to be heard. */
  heartbeatMs?: number | undefined;
  /** File with the token that lets in; read anew each time. */
  tokenFile?: string | undefined;
}

/** The API at `http://host:port` or `unix:PATH`. Opening it throws when nobody answers there. */
export function addressLink(address: string, { heartbeatMs, tokenFile }: AddressOptions = {}): MasterLink {
  const parsed = parseApiAddress(address);
  let client: ApiClient | undefined;
  return {
    name: address,
    open: async () => {
      const { h1Transport } = await import('../client/h1-transport.ts');
      client?.close();
      const token = tokenFile === undefined ? null : await readToken(tokenFile, parsed);
      client = new ApiClient(h1Transport(parsed, token), limitsFor(heartbeatMs));
      // HTTP connects with the first question: an answer, whatever it says, tells that somebody is there.
      await client.get('masters?limit=1', 'masters').catch((error: unknown) => {
        if (error instanceof LinkError) throw error;
      });
      return client;
    },
    close: () => client?.close(),
  };
}

export interface SshLinkOptions {
  transport: SshTransport;
  target: SshTarget;
  program: readonly string[];
  /** Null when the key's forced command knows it. */
  jobdir: string | null;
  greetingTimeoutMs: number;
  /** How often something is to be heard of the master. */
  heartbeatMs?: number | undefined;
}

/** One SSH connection that is made when first needed and again when it is gone. */
export class SshLink implements MasterLink {
  readonly #options: SshLinkOptions;
  #connection: Promise<SshConnection> | undefined;
  #client: ApiClient | undefined;
  #hasConnected = false;
  #hasAttached = false;

  constructor(options: SshLinkOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.target.host;
  }

  /** The connection of now. Later failures to connect are `LinkError`s: the first one proved that it can work. */
  connect(): Promise<SshConnection> {
    this.#connection ??= this.#connectAnew();
    return this.#connection;
  }

  async #connectAnew(): Promise<SshConnection> {
    try {
      const connection = await this.#options.transport.connect(this.#options.target);
      this.#hasConnected = true;
      connection.onClose(() => {
        this.#connection = undefined;
      });
      return connection;
    } catch (error) {
      this.#connection = undefined;
      if (this.#hasConnected && error instanceof ExternalError)
        throw new LinkError(error.message, { cause: error });
      throw error;
    }
  }

  async tryLink(): Promise<TryLinkOptions> {
    const { program, jobdir, greetingTimeoutMs, heartbeatMs } = this.#options;
    const { answerMs } = limitsFor(heartbeatMs);
    const link = { connection: await this.connect(), program, jobdir, answerTimeoutMs: 4 * answerMs };
    // Who has greeted once is no real Buildbot: its silence is that of the line.
    return { ...link, greetingTimeoutMs, isKnown: this.#hasAttached };
  }

  async open(): Promise<ApiClient> {
    try {
      const { api } = await attach(await this.tryLink());
      return await this.use(api);
    } catch (error) {
      // It has worked: whatever broke the connection may be over soon.
      if (!this.#hasAttached || !(error instanceof ExternalError)) throw error;
      throw new LinkError(error.message, { cause: error });
    }
  }

  /** Speaks the API on a channel that is attached already. */
  async use(api: Duplex): Promise<ApiClient> {
    const { h2Transport } = await import('../client/h2-transport.ts');
    this.#hasAttached = true;
    this.#client?.close();
    this.#client = new ApiClient(h2Transport(api), limitsFor(this.#options.heartbeatMs));
    return this.#client;
  }

  close(): void {
    this.#client?.close();
    this.#connection?.then(
      (connection) => connection.close(),
      () => {},
    );
    this.#connection = undefined;
  }
}
