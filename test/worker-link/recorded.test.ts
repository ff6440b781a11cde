/** Older workers and masters, as they were recorded, against those of today. The recordings are kept for ever. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandInput, type CommandOutcome, WORKER_PATH } from '@buildbot/shared';
import { startWorker } from '@buildbot/worker';
import { describe, expect, onTestFinished, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { type LinkWorld, makeLinkWorld, type StartedCommand, until } from './link-world.ts';
import {
  canBeReadAs,
  fromWire,
  type Line,
  logTexts,
  type Message,
  readConversation,
  type Said,
  said,
  wire,
} from './recorded.ts';

const CONVERSATIONS = ['run', 'resume', 'superseded', 'refused'];

/** What somebody has said so far, and a way to wait for the next thing that matters. */
class Listener {
  readonly heard: Message[] = [];
  #next = 0;

  /** The highest number that was acknowledged. */
  get acked(): number {
    const acks = this.heard.map(said).filter(({ type }) => type === 'ack');
    return Math.max(0, ...acks.map(({ seq }) => seq as number));
  }

  /** Skip what is not waited for (pings come when they like) until something fits. */
  async hears(what: string, fits: (message: Message) => boolean): Promise<Message> {
    let found: Message | undefined;
    await until(what, () => {
      while (found === undefined && this.#next < this.heard.length) {
        const message = this.heard[this.#next++] as Message;
        if (fits(message)) found = message;
      }
      return found !== undefined;
    });
    return found as Message;
  }
}

const PATCH = Buffer.from('a patch\n');
const BLOBS = { patch: { read: async (at: number, length: number) => PATCH.subarray(at, at + length) } };

test('every recorded conversation is played', () => {
  const names = readdirSync(new URL('../fixtures/protocol-1', import.meta.url));
  expect(names.toSorted()).toEqual(CONVERSATIONS.map((name) => `${name}.ndjson`).toSorted());
});

describe("row 40: a worker of protocol version 1 and today's master", () => {
  /** Plays the worker, and wants of the master what was wanted then. */
  class OldWorker {
    readonly commands = new Map<string, StartedCommand>();
    readonly #calls = new Map<number, { ws: WebSocket; listener: Listener }>();
    readonly #world: LinkWorld;
    readonly #lines: readonly Line[];

    constructor(world: LinkWorld, lines: readonly Line[]) {
      this.#world = world;
      this.#lines = lines;
    }

    async play(): Promise<void> {
      for (const line of this.#lines) {
        const { ws, listener } = this.#calls.get(line.connection) ?? (await this.#open(line.connection));
        if (line.cut) await this.#cut(ws);
        else if (line.from === 'master') await this.#hear(line, listener);
        else ws.send(wire(line));
      }
    }

    async #open(connection: number): Promise<{ ws: WebSocket; listener: Listener }> {
      const welcome = this.#lines.find((line) => line.connection === connection && line.from === 'master');
      const { wanted = [] } = (welcome?.text ?? {}) as { wanted?: { key: string; command: CommandInput }[] };
      for (const { key, command } of wanted) await this.#want(key, command);
      const ws = new WebSocket(`ws://127.0.0.1:${this.#world.port}${WORKER_PATH}`);
      const listener = new Listener();
      ws.on('message', (data: Buffer, isBinary) => listener.heard.push(fromWire(data, isBinary)));
      await new Promise((resolve) => ws.once('open', resolve));
      this.#calls.set(connection, { ws, listener });
      return { ws, listener };
    }

    async #cut(ws: WebSocket): Promise<void> {
      ws.terminate();
      await until('the master has seen it', () => this.#world.sessions.pool.connected().length === 0);
    }

    async #want(key: string, command: CommandInput): Promise<void> {
      if (!this.commands.has(key)) this.commands.set(key, await this.#world.command(command, BLOBS));
      expect(this.commands.get(key)?.key).toBe(key);
    }

    /** Whatever made the master of then say it. */
    async #provoke({ type, key, command, reason, code }: Said): Promise<void> {
      const { pool } = this.#world.sessions;
      if (type === 'start') await this.#want(key as string, command as CommandInput);
      if (type === 'stop') pool.stop(key as string, reason as string);
      if (type === 'ping') void pool.ping(this.#world.workerId, 5000);
      if (code === 'shutting-down') void this.#world.sessions.stop();
    }

    async #hear(line: Line, listener: Listener): Promise<void> {
      const old = said(line);
      await this.#provoke(old);
      // How many messages share an acknowledgement is a matter of time.
      if (old.type === 'ack')
        return until(`${old.seq} is acknowledged`, () => listener.acked >= (old.seq as number));
      const what = `the master says ${JSON.stringify(old)}`;
      const answer = await listener.hears(what, (heard) => said(heard).type === old.type);
      expect(canBeReadAs(old, said(answer)), JSON.stringify({ old, answer })).toBe(true);
      const { key, command, code } = old;
      const same = Object.fromEntries(Object.entries({ key, command, code }).filter(([, value]) => value));
      expect(said(answer)).toMatchObject(same);
      expect(answer.payload).toBe(line.payload);
    }
  }

  test.each(CONVERSATIONS)('%s', async (name) => {
    const lines = readConversation(1, name);
    const world = await makeLinkWorld({ timing: { keepaliveMs: 60_000, timeoutMs: 30_000 } });
    onTestFinished(() => world.close());
    const old = new OldWorker(world, lines);
    await old.play();
    const { commands } = old;
    const ended = lines.filter((line) => line.text?.type === 'ended');
    expect(commands.size).toBe(ended.length);
    for (const line of ended) {
      const { key, outcome } = line.text as unknown as { key: string; outcome: CommandOutcome };
      expect(await commands.get(key)?.outcome).toEqual(outcome);
    }
    for (const [id, text] of Object.entries(logTexts(lines))) {
      const [key = '', log = ''] = id.split(' ');
      expect(await (await commands.get(key)?.log(log))?.text()).toBe(text);
    }
    expect(world.said.filter((line) => line.startsWith('error'))).toEqual([]);
  });
});

describe("row 40: a master of protocol version 1 and today's worker", () => {
  /** Plays the master: one connection after the other, as the worker calls. */
  async function startOldMaster(lines: Line[]) {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await new Promise((resolve) => server.once('listening', resolve));
    const calls: { ws: WebSocket; listener: Listener }[] = [];
    server.on('connection', (ws) => {
      const listener = new Listener();
      ws.on('message', (data: Buffer, isBinary) => {
        const message = fromWire(data, isBinary);
        listener.heard.push(message);
        if (said(message).type === 'ping') ws.send(JSON.stringify({ type: 'pong', id: said(message).id }));
      });
      calls.push({ ws, listener });
    });
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    const play = async (): Promise<Message[]> => {
      for (const line of lines) {
        await until('the worker calls', () => calls.length >= line.connection);
        const { ws, listener } = calls[line.connection - 1] as (typeof calls)[number];
        if (line.cut) ws.terminate();
        else if (line.from === 'worker') await hearsLike(line, listener);
        else ws.send(wire(line));
      }
      return calls.flatMap(({ listener }) => listener.heard);
    };
    return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, play };
  }

  /** Numbered messages may be divided otherwise, so what counts is that each command begins and ends as it did. */
  async function hearsLike(line: Line, listener: Listener): Promise<void> {
    const message = said(line);
    if (message.type === 'log') {
      await until(`the worker has sent ${message.seq}`, () =>
        listener.heard.some((heard) => (said(heard).seq as number) >= (message.seq as number)),
      );
      return;
    }
    const heard = await listener.hears(
      `the worker says ${JSON.stringify(message)}`,
      (candidate) => said(candidate).type === message.type && said(candidate).key === message.key,
    );
    expect(canBeReadAs(message, said(heard)), JSON.stringify({ message, heard })).toBe(true);
    if (message.type !== 'ended') return;
    const { durationMs: _, ...outcome } = message.outcome as Record<string, unknown>;
    expect(said(heard).outcome).toMatchObject(outcome);
  }

  test.each(CONVERSATIONS)('%s', async (name) => {
    // Another process of the worker is another worker's story.
    const lines = readConversation(1, name).filter(({ connection }) => name === 'resume' || connection === 1);
    const master = await startOldMaster(lines);
    const basedir = mkdtempSync(join(tmpdir(), 'recorded-'));
    const worker = await startWorker({
      ...{ basedir, name: 'w1', password: name === 'refused' ? 'wrong' : 'secret', masters: [master.url] },
      environment: { PATH: process.env.PATH, HOME: basedir },
      random: () => 0,
    });
    onTestFinished(async () => {
      await worker.stop();
      rmSync(basedir, { recursive: true });
    });
    const heard = await master.play();
    expect(logTexts(heard)).toEqual(logTexts(lines));
    if (name === 'run' || name === 'resume') return;
    await until('the worker has ended', () => worker.state.kind === 'stopped');
    expect(worker.state).toMatchObject({ cause: name });
  });
});
