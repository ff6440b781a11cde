/**
 * One websocket client. A single loop answers commands and tells events, and waits for the socket to take what was sent
 * before it goes on: so answers and events keep their order, a client that does not read holds up only itself, and what
 * waits for it is a position, not a queue.
 */
import type { WebSocket } from 'ws';
import type { EventHub } from './event-hub.ts';
import { EventReader, type Told } from './event-reader.ts';
import { toldJson } from './told-json.ts';
import { parseWsCommand, type WsAnswer, type WsCommand, wsError, wsOk } from './ws-commands.ts';

/** Commands that wait to be answered; beyond it the socket is not read until some are. */
const MAX_INBOX = 256;
/** Subscriptions of one client: the web UI's biggest page has a few hundred. */
const MAX_PATTERNS = 2000;
/** Pongs are left out while so much waits for the client to read it. */
const MAX_UNREAD_BYTES = 64 * 1024;
/** A client that answers no ping within this time is gone. */
const PING_MS = 30_000;

/** Code of RFC 6455 for a server that goes down. */
const GOING_AWAY = 1001;
/** Our own: the token or session that the client came with holds no more. */
const NOT_LET_IN = 4401;

type Frame = WsAnswer | Told;

/** Resolves when the frames have left for the kernel, or the socket is closed. */
function sendAll(socket: WebSocket, frames: readonly Frame[]): Promise<void> {
  return new Promise((resolve) => {
    const last = frames.length - 1;
    for (const [index, frame] of frames.entries()) {
      socket.send(
        '_id' in frame ? JSON.stringify(frame) : toldJson(frame),
        index === last ? () => resolve() : undefined,
      );
    }
  });
}

/** What a client may be told, and until when. */
export interface WsRights {
  /** Events of who did what, too. */
  seesAudit: () => boolean;
  /** Aborted when the client is to be told nothing more. */
  ended?: AbortSignal | undefined;
}

class WsSession {
  readonly #socket: WebSocket;
  readonly #reader: EventReader;
  readonly #inbox: (WsCommand | WsAnswer)[] = [];
  readonly #gone = new AbortController();
  #isAlive = true;

  constructor(socket: WebSocket, hub: EventHub, { seesAudit, ended }: WsRights) {
    this.#socket = socket;
    this.#reader = new EventReader(hub, { patterns: [], from: null, telling: 'per pattern', seesAudit });
    const turnOut = () => socket.close(NOT_LET_IN, 'reading needs a valid token or login');
    ended?.addEventListener('abort', turnOut, { once: true });
    socket.on('message', (data, isBinary) => this.#received(String(data), isBinary));
    socket.on('ping', (data) => this.#pong(data));
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    socket.on('close', () => {
      ended?.removeEventListener('abort', turnOut);
      this.#gone.abort();
    });
    /** `close` follows, and there is nobody to tell. */
    socket.on('error', () => socket.terminate());
  }

  async run(): Promise<void> {
    const { signal } = this.#gone;
    try {
      while (!signal.aborted) {
        await this.#answerAll();
        const told = await this.#reader.read();
        if (told.length > 0) await sendAll(this.#socket, told);
        else if (this.#reader.isStopping) return this.#socket.close(GOING_AWAY, 'the master is stopping');
        else if (this.#inbox.length === 0 && (await this.#reader.wait(signal, PING_MS)) === 'timeout')
          this.#ping();
      }
    } finally {
      this.#reader.close();
    }
  }

  #received(text: string, isBinary: boolean): void {
    if (isBinary) {
      this.#socket.close(1003, 'text frames only');
      return;
    }
    this.#isAlive = true;
    this.#inbox.push(parseWsCommand(text));
    if (this.#inbox.length >= MAX_INBOX) this.#socket.pause();
    this.#reader.wake();
  }

  async #answerAll(): Promise<void> {
    const commands = this.#inbox.splice(0);
    for (const command of commands) await this.#answer(command);
    if (this.#socket.isPaused) this.#socket.resume();
  }

  async #answer(command: WsCommand | WsAnswer): Promise<void> {
    if (!('cmd' in command)) return sendAll(this.#socket, [command]);
    switch (command.cmd) {
      case 'ping':
        return sendAll(this.#socket, [wsOk(command.id, 'pong')]);
      case 'stopConsuming':
        return sendAll(this.#socket, [this.#leave(command.id, command.path)]);
      case 'startConsuming':
        return this.#join(command);
    }
  }

  #leave(id: WsCommand['id'], path: string): WsAnswer {
    if (this.#reader.patterns.delete(path)) return wsOk(id);
    return wsError(id, 400, `path was not consumed '${path}'`);
  }

  /** What was missed since `from` comes right after the acknowledgement and before anything newer. */
  async #join({ id, path, from }: Extract<WsCommand, { cmd: 'startConsuming' }>): Promise<void> {
    const { patterns } = this.#reader;
    if (patterns.size >= MAX_PATTERNS && !patterns.has(path)) {
      return sendAll(this.#socket, [wsError(id, 400, `more than ${MAX_PATTERNS} subscriptions`)]);
    }
    await sendAll(this.#socket, [wsOk(id)]);
    if (!patterns.has(path) && from !== null) await this.#replay(path, from);
    patterns.add(path);
  }

  async #replay(path: string, from: number): Promise<void> {
    for await (const page of this.#reader.replay(path, from)) {
      if (this.#gone.signal.aborted) return;
      if (page.length > 0) await sendAll(this.#socket, page);
    }
  }

  /** A flood of pings from someone who reads no pongs is not answered into an endless buffer. */
  #pong(data: Buffer): void {
    this.#isAlive = true;
    if (this.#socket.bufferedAmount < MAX_UNREAD_BYTES) this.#socket.pong(data);
  }

  #ping(): void {
    if (this.#isAlive) this.#socket.ping();
    else this.#socket.terminate();
    this.#isAlive = false;
  }
}

/** Serve one client until it goes. */
export function serveWebSocket(socket: WebSocket, hub: EventHub, rights: WsRights): Promise<void> {
  return new WsSession(socket, hub, rights).run();
}
