/** Older clients, as they were recorded, against the master and `tryserver` of today. The recordings are kept for ever. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Duplex, type Readable, type Writable } from 'node:stream';
import { readLine } from '@buildbot/shared';
import { expect, onTestFinished, test } from 'vitest';
import { program, until } from '../support/processes.ts';
import type { World } from '../support/world.ts';
import { canBeReadAs, type Said } from '../worker-link/recorded.ts';
import { type ClientWorld, makeClientWorld } from './client-world.ts';
import { type Entry, readSession } from './recorded-client.ts';

const SESSIONS = ['ask', 'order', 'try'];

test('every recorded session of a client is played', () => {
  const names = readdirSync(new URL('../fixtures/client-0.1.0', import.meta.url));
  expect(names.toSorted()).toEqual(SESSIONS.map((name) => `${name}.ndjson`));
});

/** An answer as it comes in. */
interface Answer {
  status: number;
  body: string;
}

/** The far end of one SSH connection, as the client knew it. */
class Channel {
  readonly #tryserver: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers = new Map<number, Answer>();
  #api: ClientHttp2Session | null = null;

  constructor({ jobdir }: World, command: string) {
    const argv = program('cli', 'tryserver', '--jobdir', jobdir, '--user', 'alice');
    const env = { ...process.env, SSH_ORIGINAL_COMMAND: command.replaceAll('JOBDIR', jobdir) };
    const [file = '', ...args] = argv;
    this.#tryserver = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'inherit'] });
  }

  say(bytes: string | Buffer): void {
    this.#tryserver.stdin.write(bytes);
  }

  async hear(): Promise<unknown> {
    return JSON.parse((await readLine(this.#tryserver.stdout, 65_536)) ?? 'null');
  }

  /** From here on the channel is the master's API. */
  attach(): void {
    const { stdin, stdout } = this.#tryserver;
    const stream = Duplex.from({ writable: stdin, readable: stdout });
    this.#api = connect('http://master', { createConnection: () => stream });
    this.#api.on('error', () => undefined);
  }

  ask({ request = 0, method = 'GET', path = '', type, body }: Entry): void {
    const stream = this.#api?.request({
      ...{ ':method': method, ':path': path },
      ...(type === undefined ? {} : { 'content-type': type }),
    });
    const answer: Answer = { status: 0, body: '' };
    this.#answers.set(request, answer);
    stream?.on('error', () => undefined);
    stream?.once('response', (headers) => {
      answer.status = Number(headers[':status']);
    });
    stream?.on('data', (bytes: Buffer) => {
      answer.body += bytes.toString('latin1');
    });
    if (body !== undefined) stream?.end(JSON.stringify(body));
  }

  answer(request: number): Answer {
    return this.#answers.get(request) as Answer;
  }

  close(): void {
    this.#api?.destroy();
    this.#tryserver.kill('SIGKILL');
  }
}

/** Plays the client of one session; waits for each answer until a client of then finds in it all that it found then. */
class OldClient {
  readonly #desk: ClientWorld;
  readonly #entries: readonly Entry[];
  readonly #channels = new Map<number, Channel>();
  /** What each followed log has said by the entry that is played. */
  readonly #texts = new Map<string, string>();

  constructor(desk: ClientWorld, entries: readonly Entry[]) {
    this.#desk = desk;
    this.#entries = entries;
  }

  async play(): Promise<void> {
    for (const entry of this.#entries) {
      if (entry.from === 'world') this.#desk.go();
      else if (entry.command !== undefined) this.#open(entry.connection, entry.command);
      else if (entry.from === 'client') this.#say(entry);
      else await this.#hear(entry);
    }
    for (const channel of this.#channels.values()) channel.close();
  }

  #open(connection: number, command: string): void {
    const channel = new Channel(this.#desk.world, command);
    this.#channels.set(connection, channel);
    onTestFinished(() => channel.close());
  }

  #channel({ connection }: Entry): Channel {
    return this.#channels.get(connection) as Channel;
  }

  #say(entry: Entry): void {
    const channel = this.#channel(entry);
    if (entry.line !== undefined) channel.say(`${JSON.stringify(entry.line)}\n`);
    else if (entry.job !== undefined) channel.say(Buffer.from(entry.job, 'base64'));
    // Numbers of events may have moved since; the names and bodies of what came then must still come.
    else channel.ask({ ...entry, path: entry.path?.replace(/\bfrom=\d+/, 'from=0') ?? '' });
  }

  async #hear(entry: Entry): Promise<void> {
    const { line, request } = entry;
    const channel = this.#channel(entry);
    if (line !== undefined) {
      mustBeReadable(line, await channel.hear());
      if (line.attached === true) channel.attach();
    }
    if (request === undefined || entry.end) return;
    await until(`${JSON.stringify(entry)} is answered`, async () =>
      this.#isAnswered(entry, channel, request),
    );
  }

  #isAnswered({ connection, status, event, text, json }: Entry, channel: Channel, request: number): boolean {
    const answer = channel.answer(request);
    if (status !== undefined) return answer.status === status;
    if (event !== undefined) return event.k === undefined || isTold(event, answer.body);
    if (text !== undefined) {
      const id = `${connection} ${request}`;
      const wanted = (this.#texts.get(id) ?? '') + text;
      if (!answer.body.startsWith(wanted)) return false;
      this.#texts.set(id, wanted);
      return true;
    }
    return this.#isAsThen(json, channel, request);
  }

  /** What depends on how far a build has come is asked again, as a client does that waits for it. */
  #isAsThen(json: unknown, channel: Channel, request: number): boolean {
    const now = parsed(channel.answer(request).body);
    if (now === null) return false;
    if (canBeReadAs(json as Said, now as Said)) return true;
    const asked = this.#entries.find(
      (entry) => entry.request === request && entry.method !== undefined && this.#channel(entry) === channel,
    );
    if (asked?.method === 'GET') channel.ask(asked);
    return false;
  }
}

function mustBeReadable(old: unknown, now: unknown): void {
  expect(canBeReadAs(old as Said, now as Said), JSON.stringify({ old, now })).toBe(true);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(Buffer.from(text, 'latin1').toString());
  } catch {
    return null;
  }
}

function isTold({ k, m }: NonNullable<Entry['event']>, stream: string): boolean {
  const told = [...stream.matchAll(/^data: (.*)$/gm)].map(
    ([, data]) => parsed(data ?? '') as { k?: string; m?: unknown },
  );
  return told.some((event) => event?.k === k && canBeReadAs(m as Said, event.m as Said));
}

test.each(SESSIONS)(
  'row 40: a client of version 0.1.0 is still understood (%s)',
  async (name) => {
    const desk = await makeClientWorld();
    onTestFinished(() => desk.world.remove());
    await new OldClient(desk, readSession('0.1.0', name)).play();
  },
  60_000,
);
