/**
 * The network between workers and master: WebSockets as the code under test knows them, over wires that delay, fall
 * silent in one or both directions, and break. A wire never reorders. What is under way when it breaks is lost; what was
 * sent into silence arrives when the silence ends, as TCP has it.
 */
import { EventEmitter } from 'node:events';
import type { Random } from './random.ts';
import type { Actor, VirtualTime } from './virtual-time.ts';

export type Direction = 'up' | 'down';

/** State of the cable of one worker; connections come and go over it. */
export interface Cable {
  /** No bytes pass before this time, per direction. Milliseconds. */
  silentUntil: Record<Direction, number>;
  /** New connections are refused before this time. */
  refusedUntil: number;
  /** Longest delay of a message. Milliseconds. */
  latencyMs: number;
}

type Item =
  | { kind: 'message'; data: Buffer; isBinary: boolean }
  | { kind: 'close'; code: number; reason: string };

/** How long `ws` waits for the other side's goodbye. */
const CLOSE_TIMEOUT_MS = 30_000;
const HANDSHAKE_MS = 10_000;

/** One direction of one connection. */
class Wire {
  readonly #time: VirtualTime;
  readonly #delay: () => number;
  readonly #silentUntil: () => number;
  readonly #to: SimSocket;
  #lastAt = 0;
  isBroken = false;

  constructor(time: VirtualTime, delay: () => number, silentUntil: () => number, to: SimSocket) {
    this.#time = time;
    this.#delay = delay;
    this.#silentUntil = silentUntil;
    this.#to = to;
  }

  send(item: Item): void {
    if (this.isBroken) return;
    this.#lastAt = Math.max(this.#lastAt, this.#time.now + this.#delay());
    this.#time.after(this.#lastAt - this.#time.now, () => this.#arrive(item), this.#to.actor);
  }

  #arrive(item: Item): void {
    const silence = this.#silentUntil() - this.#time.now;
    if (silence > 0) this.#time.after(silence, () => this.#arrive(item), this.#to.actor);
    else if (!this.isBroken) this.#to.receive(item);
  }
}

/** One end of a connection: the part of `ws` that the links of master and worker use. */
export class SimSocket extends EventEmitter {
  readonly actor: Actor;
  readonly #time: VirtualTime;
  wire: Wire | null = null;
  bytesRead = 0;
  bytesWritten = 0;
  #isClosed = false;
  #isClosing = false;
  #isPaused = false;
  #waiting: Item[] = [];

  constructor(time: VirtualTime, actor: Actor) {
    super();
    this.#time = time;
    this.actor = actor;
  }

  /** Node's socket under the WebSocket, as far as a link asks for it. */
  setNoDelay(): void {}

  send(data: Uint8Array | string, ...rest: unknown[]): void {
    const options = rest.find((argument) => typeof argument === 'object') as { binary?: boolean } | undefined;
    const done = rest.find((argument) => typeof argument === 'function') as (() => void) | undefined;
    if (this.wire === null) throw new Error('WebSocket is not open: readyState 0 (CONNECTING)');
    const isBinary = options?.binary ?? typeof data !== 'string';
    const bytes = Buffer.from(data as Uint8Array);
    this.bytesWritten += bytes.length;
    if (!this.#isClosed) this.wire.send({ kind: 'message', data: bytes, isBinary });
    if (done !== undefined) this.#time.after(0, done, this.actor);
  }

  close(code = 1005, reason = ''): void {
    if (this.#isClosed || this.#isClosing) return;
    this.#isClosing = true;
    this.wire?.send({ kind: 'close', code, reason });
    this.#time.after(CLOSE_TIMEOUT_MS, () => this.end(1006, ''), this.actor);
  }

  terminate(): void {
    if (this.#isClosed) return;
    this.wire?.send({ kind: 'close', code: 1006, reason: '' });
    this.#time.after(0, () => this.end(1006, ''), this.actor);
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#time.after(0, () => this.#drain(), this.actor);
  }

  receive(item: Item): void {
    this.#waiting.push(item);
    this.#drain();
  }

  #drain(): void {
    while (!this.#isPaused && !this.#isClosed) {
      const item = this.#waiting.shift();
      if (item === undefined) return;
      this.#take(item);
    }
  }

  #take(item: Item): void {
    if (item.kind === 'message') {
      this.bytesRead += item.data.length;
      this.emit('message', item.data, item.isBinary);
      return;
    }
    if (item.code !== 1006 && !this.#isClosing) this.wire?.send(item);
    this.end(item.code, item.reason);
  }

  /** The connection is over for this end. */
  end(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit('close', code, Buffer.from(reason));
  }
}

interface Connection {
  worker: string;
  ends: [SimSocket, SimSocket];
  wires: [Wire, Wire];
}

/** Where connections arrive: the master that lives now, if one does. */
export interface Listener {
  actor: Actor;
  accept(socket: SimSocket): void;
}

export class Network {
  listener: Listener | null = null;
  readonly #time: VirtualTime;
  readonly #random: Random;
  readonly #cables = new Map<string, Cable>();
  readonly #connections = new Set<Connection>();
  /** Connections that were made so far. */
  made = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  cable(worker: string): Cable {
    const known = this.#cables.get(worker);
    if (known !== undefined) return known;
    const cable: Cable = { silentUntil: { up: 0, down: 0 }, refusedUntil: 0, latencyMs: 5 };
    this.#cables.set(worker, cable);
    return cable;
  }

  /** Open a connection for a worker process. */
  dial(worker: string, actor: Actor): SimSocket {
    const near = new SimSocket(this.#time, actor);
    const cable = this.cable(worker);
    this.#time.after(
      this.#delay(cable) * 2,
      () => {
        const silence = Math.max(cable.silentUntil.up, cable.silentUntil.down) - this.#time.now;
        if (silence > HANDSHAKE_MS) this.#time.after(HANDSHAKE_MS, () => this.#refuse(near), actor);
        else this.#time.after(Math.max(0, silence), () => this.#connect(worker, cable, near), actor);
      },
      actor,
    );
    return near;
  }

  /** Break every connection of a worker. Each end hears of it by itself, or never when `isSilent`. */
  cut(worker: string, isSilent = false): void {
    for (const connection of this.#connections)
      if (connection.worker === worker) this.#break(connection, isSilent);
  }

  /** A process is gone, and its kernel resets its connections; a machine that lost power says nothing. */
  reset(actor: Actor, isSilent = false): void {
    for (const connection of this.#connections) {
      if (connection.ends.some((end) => end.actor === actor)) this.#break(connection, isSilent);
    }
  }

  #break(connection: Connection, isSilent: boolean): void {
    this.#connections.delete(connection);
    for (const wire of connection.wires) wire.isBroken = true;
    if (isSilent) return;
    for (const end of connection.ends)
      this.#time.after(this.#random.int(0, 50), () => end.end(1006, ''), end.actor);
  }

  #connect(worker: string, cable: Cable, near: SimSocket): void {
    if (this.listener === null || cable.refusedUntil > this.#time.now) {
      this.#refuse(near);
      return;
    }
    const far = new SimSocket(this.#time, this.listener.actor);
    const wire = (direction: Direction, to: SimSocket): Wire =>
      new Wire(
        this.#time,
        () => this.#delay(cable),
        () => cable.silentUntil[direction],
        to,
      );
    near.wire = wire('up', far);
    far.wire = wire('down', near);
    const connection: Connection = { worker, ends: [near, far], wires: [near.wire, far.wire] };
    this.#connections.add(connection);
    this.made++;
    for (const end of connection.ends) end.on('close', () => this.#connections.delete(connection));
    const { listener } = this;
    this.#time.after(0, () => listener.accept(far), listener.actor);
    near.emit('upgrade', { socket: near });
    near.emit('open');
  }

  #refuse(socket: SimSocket): void {
    socket.emit('error', new Error('connection refused'));
    socket.end(1006, '');
  }

  #delay({ latencyMs }: Cable): number {
    return this.#random.int(0, latencyMs);
  }
}
