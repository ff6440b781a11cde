/** A whole log in the user's pager, as fit for a terminal as everything that is shown. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { LogSanitizer, messageOf, UserError } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import type { Environment } from '../config/environment.ts';

/** The program and its arguments; no shell reads them. */
function pagerWords(env: Readonly<Record<string, string | undefined>>): [string, ...string[]] {
  const [program, ...args] = (env.PAGER ?? '').split(/\s+/).filter((word) => word !== '');
  return program === undefined ? ['less'] : [program, ...args];
}

/** Resolves when the person has seen enough. @throws UserError when the pager cannot be run, LinkError */
export async function pageLog(
  client: ApiClient,
  logId: number,
  { env, allowsColour }: Pick<Environment, 'env' | 'allowsColour'>,
): Promise<void> {
  const [program, ...args] = pagerWords(env);
  // Of escape codes only colours are left, which `less` shows when it is told to.
  const pager = spawn(program, args, {
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...env, LESS: env.LESS ?? 'R' },
  });
  const gone = new AbortController();
  const exited = once(pager, 'close').finally(() => gone.abort());
  // Who leaves the pager early leaves the rest unread.
  pager.stdin.on('error', () => gone.abort());
  const sending = send(client, logId, { pager: pager.stdin, colour: allowsColour, gone: gone.signal });
  try {
    await exited;
  } catch (error) {
    throw new UserError(`cannot run the pager ${program}: ${messageOf(error)}`);
  } finally {
    await sending;
  }
}

interface Sending {
  pager: NodeJS.WritableStream;
  colour: boolean;
  gone: AbortSignal;
}

async function send(client: ApiClient, logId: number, { pager, colour, gone }: Sending): Promise<void> {
  const text = new LogSanitizer({ colour });
  const write = async (piece: string) => {
    if (!gone.aborted && !pager.write(piece)) await once(pager, 'drain', { signal: gone });
  };
  try {
    for await (const bytes of client.rawLog(logId, 0, false, gone)) await write(text.push(bytes));
    await write(text.end());
  } catch (error) {
    if (!gone.aborted) pager.write(`\n… the rest could not be read: ${messageOf(error)}\n`);
  }
  pager.end();
}
