/** The master's API on its own socket, for those who must expect that it is away. */
import { type IncomingMessage, request } from 'node:http';

export class MasterApi {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  async get<T>(path: string, timeoutMs?: number): Promise<T> {
    return JSON.parse((await this.bytes(path, timeoutMs)).toString());
  }

  /** The whole body; rejects when the answer is no success or breaks off. */
  async bytes(path: string, timeoutMs = 20_000): Promise<Buffer> {
    const response = await this.open(path, { timeoutMs });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (response.statusCode !== 200) throw new Error(`GET ${path}: ${response.statusCode} ${body}`);
    return body;
  }

  /** A control method; waits as long as the master is there. */
  async rpc<T>(path: string, method: string, params: object): Promise<T> {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
    const response = await this.open(`/api/v2/${path}`, { method: 'POST', body });
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = JSON.parse(Buffer.concat(chunks).toString());
    if (answer.error !== undefined) throw new Error(`${path} ${method}: ${JSON.stringify(answer.error)}`);
    return answer.result;
  }

  /** Whether it answers now. */
  async serves(): Promise<boolean> {
    return await this.get('/healthz', 2_000).then(
      () => true,
      () => false,
    );
  }

  open(
    path: string,
    options: {
      method?: string;
      body?: string;
      headers?: Record<string, string>;
      timeoutMs?: number;
      signal?: AbortSignal;
    } = {},
  ): Promise<IncomingMessage> {
    const { method = 'GET', body, headers = {}, timeoutMs, signal } = options;
    return new Promise((resolve, reject) => {
      const call = request(
        {
          socketPath: this.#socketPath,
          path,
          method,
          // A kept connection would be that of a master that has been killed since.
          agent: false,
          headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
          ...(signal === undefined ? {} : { signal }),
        },
        resolve,
      );
      if (timeoutMs !== undefined) {
        call.setTimeout(timeoutMs, () => call.destroy(new Error(`${path}: no answer for ${timeoutMs} ms`)));
      }
      call.on('error', reject);
      call.end(body);
    });
  }
}
