/** A headless Chromium, driven over its DevTools protocol: open a page, and read the text that a person would see. */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { until } from './processes.ts';

export interface Browser {
  /** Go to an address and wait until the page shows this text. */
  shows(url: string, text: string): Promise<void>;
  close(): Promise<void>;
}

interface Reply {
  id?: number;
  result?: Record<string, unknown>;
  error?: { message: string };
}

type Send = (method: string, params?: object, sessionId?: string) => Promise<Record<string, unknown>>;

/** Commands over one socket, answered in any order. */
async function connect(url: string): Promise<Send> {
  const socket = new WebSocket(url);
  const waiting = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  const opened = Promise.withResolvers<void>();
  socket.addEventListener('open', () => opened.resolve());
  socket.addEventListener('error', () => opened.reject(new Error(`no browser at ${url}`)));
  socket.addEventListener('message', ({ data }) => {
    const { id = 0, result = {}, error } = JSON.parse(String(data)) as Reply;
    if (error === undefined) waiting.get(id)?.resolve(result);
    else waiting.get(id)?.reject(new Error(error.message));
    waiting.delete(id);
  });
  await opened.promise;
  let count = 0;
  return (method, params = {}, sessionId) => {
    const answer = Promise.withResolvers<Record<string, unknown>>();
    waiting.set(++count, answer);
    socket.send(
      JSON.stringify({ id: count, method, params, ...(sessionId === undefined ? {} : { sessionId }) }),
    );
    return answer.promise;
  };
}

/** `program` is Chromium's; sandboxed as far as the account allows. */
export async function startBrowser(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'browser-'));
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const flags = ['--headless', '--disable-gpu', '--remote-debugging-port=0', `--user-data-dir=${profile}`];
  const child = spawn(program, [...flags, ...sandbox, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const found = Promise.withResolvers<string>();
  child.once('error', found.reject);
  createInterface({ input: child.stderr }).on('line', (line) => {
    const [, url] = /^DevTools listening on (ws:\S+)/.exec(line) ?? [];
    if (url !== undefined) found.resolve(url);
  });
  const send = await connect(await found.promise);
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true });
  const session = String(sessionId);
  const read = async () => {
    const expression = 'document.body ? document.body.innerText : ""';
    const { result } = await send('Runtime.evaluate', { expression, returnByValue: true }, session);
    return String((result as { value?: unknown }).value ?? '');
  };
  return {
    async shows(url, text) {
      // A change behind the # alone would not load the page anew.
      await send('Page.navigate', { url: 'about:blank' }, session);
      await send('Page.navigate', { url }, session);
      await until(`${url} shows '${text}'`, async () => (await read()).includes(text));
    },
    async close() {
      child.kill();
      await ended;
      await rm(profile, { recursive: true, force: true });
    },
  };
}
