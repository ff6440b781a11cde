/** `buildbot log` between flags and `readLog`: standard output with its back-pressure, Ctrl-C as the quiet end. */
import { once } from 'node:events';
import { parseBuildReference } from './build-reference.ts';
import type { MasterLink } from './master-link.ts';
import { type ReadLogResult, readLog } from './read-log.ts';
import type { Runtime } from './runtime.ts';
import { RECONNECT_MS } from './stay-linked.ts';

export interface LogCommandInput {
  link: MasterLink;
  build: string;
  step?: string | undefined;
  log?: string | undefined;
  follow: boolean;
  raw: boolean;
  /** Without contact for this long it ends. Milliseconds; ten minutes unless given. */
  reconnectMs?: number | undefined;
}

export async function logCommand(
  { link, build, reconnectMs = RECONNECT_MS, ...input }: LogCommandInput,
  runtime: Runtime,
): Promise<ReadLogResult> {
  const { clock, random, environment, stdout } = runtime;
  const interrupted = new AbortController();
  const stopListening = runtime.onInterrupt(() => interrupted.abort());
  const write = async (chunk: Uint8Array | string) => {
    const { signal } = interrupted;
    if (chunk.length === 0 || signal.aborted) return;
    if (!stdout.write(chunk)) await once(stdout, 'drain', { signal });
  };
  try {
    const reference = parseBuildReference(build);
    // Whatever reads a pipe or a file (grep, an editor) would take colours for text.
    const allowsColour = environment.forcesColour || (environment.allowsColour && stdout.isTTY === true);
    const result = await readLog(
      { link, store: null, clock, random },
      {
        ...input,
        reference,
        allowsColour,
        write,
        giveUpAfterMs: reconnectMs,
        signal: interrupted.signal,
      },
    );
    // Standard output is the log and nothing else.
    if (!input.raw) runtime.stderr.write(result.failure.map((line) => `${line}\n`).join(''));
    return result;
  } finally {
    stopListening();
  }
}
