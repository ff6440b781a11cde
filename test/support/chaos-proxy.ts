/**
 * A TCP proxy that misbehaves on purpose. Per connection it can cut after an exact number of bytes (with a goodbye, a reset
 * or one side only), freeze one direction, delay, slice into tiny writes, throttle, and open twice. Listens on loopback.
 */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** `up` is from the client to the server behind the proxy, `down` the way back. */
export type Direction = 'up' | 'down';

/** What happens to one connection. Everything left out is well-behaved. */
export interface ConnectionPlan {
  /** Cut once this many bytes, both directions together, have passed. */
  cutAfterBytes?: number;
  /** `end` says goodbye, `reset` sends RST, `half` ends only what goes to the server. Default `reset`. */
  cut?: 'end' | 'reset' | 'half';
  /** Directions in which nothing passes after `freezeAfterBytes`; the connection stays open. */
  freeze?: Direction[];
  freezeAfterBytes?: number;
  /** Wait before each piece is passed on. Milliseconds. */
  delayMs?: number;
  /** Pass on in pieces of at most this many bytes. */
  sliceBytes?: number;
  /** Per direction. */
  bytesPerSecond?: number;
}

export interface ChaosProxy {
  port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Whether there is a connection now. */
  readonly isOpen: boolean;
  /** Bytes that were passed on, both directions, over all connections. */
  readonly bytes: number;
  /** Decides about each new connection, counted from 0. */
  plan: (index: number) => ConnectionPlan;
  /** Cut every open connection now. */
  cutAll(how?: 'end' | 'reset'): void;
  /** Give every open connection another plan; bytes count from now on. */
  change(plan: ConnectionPlan): void;
  /** Open each connection a second time, as one that says what the first has said, and hears the answer. */
  duplicate(): void;
  /** Let nothing pass in these directions, on every connection, until `thaw`. */
  freeze(...directions: Direction[]): void;
  thaw(): void;
  /** Refuse new connections (`true`) or take them again. */
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
}

class Gate {
  readonly #frozen = new Set<Direction>();
  #waiting: (() => void)[] = [];

  freeze(directions: Direction[]): void {
    for (const direction of directions) this.#frozen.add(direction);
  }

  thaw(): void {
    this.#frozen.clear();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async pass(direction: Direction): Promise<void> {
    while (this.#frozen.has(direction)) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}

/** Of what a client says, so much is kept to say it again. */
const HEAD_BYTES = 64 * 1024;

class Pair {
  #passed = 0;
  #isCut = false;
  #head = Buffer.alloc(0);
  readonly client: Socket;
  readonly server: Socket;
  #plan: ConnectionPlan;
  readonly #gate: Gate;
  readonly #count: (bytes: number) => void;

  constructor(
    client: Socket,
    server: Socket,
    plan: ConnectionPlan,
    gate: Gate,
    count: (bytes: number) => void,
  ) {
    this.client = client;
    this.server = server;
    this.#plan = plan;
    this.#gate = gate;
    this.#count = count;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.on('error', () => this.reset());
      socket.on('close', () => this.reset());
    }
    void this.#pump('up', client, server);
    void this.#pump('down', server, client);
  }

  reset(): void {
    for (const socket of [this.client, this.server]) if (!socket.destroyed) socket.resetAndDestroy();
  }

  end(): void {
    for (const socket of [this.client, this.server]) socket.destroySoon();
  }

  change(plan: ConnectionPlan): void {
    this.#plan = plan;
    this.#passed = 0;
    this.#isCut = false;
  }

  /** What its client said first. */
  get head(): Buffer {
    return this.#head;
  }

  async #pump(direction: Direction, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const data of from as AsyncIterable<Buffer>) {
        for (const piece of this.#slices(data)) {
          // Of a connection that is gone, a megabyte in slow single bytes would be passed to nobody for an hour.
          if (to.destroyed) return;
          await this.#passOn(direction, piece, to);
        }
      }
      to.end();
    } catch {
      this.reset();
    }
  }

  #slices(data: Buffer): Buffer[] {
    const size = this.#plan.sliceBytes ?? data.length;
    return Array.from({ length: Math.ceil(data.length / size) }, (_, index) =>
      data.subarray(index * size, (index + 1) * size),
    );
  }

  async #passOn(direction: Direction, piece: Buffer, to: Socket): Promise<void> {
    const { cutAfterBytes = Number.POSITIVE_INFINITY, delayMs = 0, bytesPerSecond } = this.#plan;
    const { freeze = [], freezeAfterBytes = 0 } = this.#plan;
    if (delayMs > 0) await delay(delayMs);
    if (bytesPerSecond !== undefined) await delay((piece.length * 1000) / bytesPerSecond);
    await this.#gate.pass(direction);
    if (freeze.includes(direction) && this.#passed >= freezeAfterBytes) return;
    const part = piece.subarray(0, Math.max(0, cutAfterBytes - this.#passed));
    this.#passed += part.length;
    this.#count(part.length);
    if (direction === 'up' && this.#head.length < HEAD_BYTES) this.#head = Buffer.concat([this.#head, part]);
    if (part.length > 0 && !to.write(part)) await drained(to);
    if (this.#passed >= cutAfterBytes) this.#cut();
  }

  #cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    const how = this.#plan.cut ?? 'reset';
    if (how === 'reset') this.reset();
    if (how === 'end') this.end();
    if (how === 'half') this.server.end();
  }
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Start a proxy before `target`, a port on loopback. */
export async function startChaosProxy(target: number): Promise<ChaosProxy> {
  const pairs = new Set<Pair>();
  const doubles = new Set<Socket>();
  const gate = new Gate();
  let connections = 0;
  let bytes = 0;
  let isRefusing = false;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    if (isRefusing) {
      client.resetAndDestroy();
      return;
    }
    const plan = proxy.plan(connections++);
    const behind = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true });
    const pair = new Pair(client, behind, plan, gate, (count) => {
      bytes += count;
    });
    pairs.add(pair);
    client.on('close', () => pairs.delete(pair));
  });
  const proxy: ChaosProxy = {
    port: await listening(server),
    get connections() {
      return connections;
    },
    get isOpen() {
      return pairs.size > 0;
    },
    get bytes() {
      return bytes;
    },
    plan: () => ({}),
    cutAll: (how = 'reset') => {
      for (const pair of pairs) pair[how]();
    },
    change: (plan) => {
      for (const pair of pairs) pair.change(plan);
    },
    duplicate: () => {
      for (const { head } of pairs) {
        const double = connect({ port: target, host: '127.0.0.1' });
        doubles.add(double);
        double.on('error', () => double.destroy());
        double.on('close', () => doubles.delete(double));
        double.resume().write(head);
      }
    },
    freeze: (...directions) => gate.freeze(directions),
    thaw: () => gate.thaw(),
    refuse: (value) => {
      isRefusing = value;
    },
    close: async () => {
      gate.thaw();
      for (const pair of pairs) pair.reset();
      for (const double of doubles) double.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
