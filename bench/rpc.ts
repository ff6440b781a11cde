/** JSON-RPC calls on BASEDIR/master.sock. */
import { request } from 'node:http';
import { join } from 'node:path';

/** Call `method` on `/api/v2/PATH`; the result, or an error with the server's message. */
export function rpc<T>(basedir: string, path: string, method: string, params: object): Promise<T> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const options = {
      socketPath: join(basedir, 'master.sock'),
      path: `/api/v2/${path}`,
      method: 'POST',
      headers,
    };
    const call = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answer = JSON.parse(Buffer.concat(chunks).toString());
        if (answer.error === undefined) resolve(answer.result);
        else reject(new Error(`${path} ${method}: ${JSON.stringify(answer.error)}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
