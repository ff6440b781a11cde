/**
 * Recorded sessions of the CLI (`test/fixtures/client-N`): what passed between a client and `tryserver --attach`. A line is
 * what one side said over one connection: the command of SSH, a line of the handshake, the job in base64; then requests to
 * the API, with status, events, pieces of logs (as Latin-1) and JSON of their answers. `go` lets waiting builds go on.
 */
import { readFileSync } from 'node:fs';

export interface Entry {
  from: 'client' | 'master' | 'world';
  connection: number;
  go?: true;
  command?: string;
  line?: Record<string, unknown>;
  job?: string;
  request?: number;
  method?: string;
  path?: string;
  /** Of the body. */
  type?: string;
  body?: object;
  status?: number;
  event?: { k: string } & Record<string, unknown>;
  text?: string;
  json?: unknown;
  end?: true;
}

export function readSession(version: string, name: string): Entry[] {
  const file = new URL(`../fixtures/client-${version}/${name}.ndjson`, import.meta.url);
  return readFileSync(file, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}
