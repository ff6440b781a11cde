/**
 * A worker that speaks the protocol on a real socket and runs nothing: hundreds of them fit into one process. It numbers
 * and keeps its messages until they are acknowledged, comes back with the real worker's jitter when it is cut off, and
 * ends a command only when it is told to.
 */
import { randomBytes } from 'node:crypto';
import { type MasterMessage, masterMessageSchema, WORKER_PATH } from '@buildbot/shared';
import { WebSocket } from 'ws';
import { backoffDelay } from '../../packages/worker/src/core/backoff.ts';

const INFO = { admin: null, host: null, accessUri: null, version: null, system: null, cpus: null };
const ENDED = { status: 'exited', signal: null, cause: null, durationMs: 1, text: null, strays: 0, code: 0 };

export class LightWorker {
  readonly name: string;
  /** Commands that run here. */
  readonly running = new Set<string>();
  /** Every command that was ever begun here, in order. */
  readonly begun: string[] = [];
  /** How often it was let in. */
  admissions = 0;
  readonly #url: string;
  readonly #bootId = randomBytes(16).toString('hex');
  #unacknowledged: { seq: number }[] = [];
  #lastSeq = 0;
  #failures = 0;
  #ws: WebSocket | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isClosed = false;

  constructor(name: string, port: number) {
    this.name = name;
    this.#url = `ws://127.0.0.1:${port}${WORKER_PATH}`;
  }

  connect(): void {
    const ws = new WebSocket(this.#url, { perMessageDeflate: false });
    this.#ws = ws;
    ws.on('open', () => this.#say(this.#hello()));
    ws.on('message', (data) => this.#hear(masterMessageSchema.parse(JSON.parse(String(data)))));
    // A refused connection is told of by `close` as well.
    ws.on('error', () => undefined);
    ws.on('close', () => this.#lost());
  }

  /** Everything that runs ends well. */
  finish(): void {
    for (const key of [...this.running]) {
      this.running.delete(key);
      this.#report({ type: 'ended', key, outcome: ENDED });
    }
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#ws?.terminate();
  }

  #hello(): object {
    const said = { availability: 'eager', availabilityRule: 'default', info: INFO, password: 'secret' };
    const state = { commands: [...this.running], lastSeq: this.#lastSeq, bootId: this.#bootId };
    return { type: 'hello', protocol: { min: 1, max: 1 }, worker: this.name, ...said, ...state };
  }

  #hear(message: MasterMessage): void {
    if (message.type === 'welcome') this.#settleIn(message);
    if (message.type === 'start') this.#begin(message.key);
    if (message.type === 'ping') this.#say({ type: 'pong', id: message.id });
    if (message.type === 'ack') this.#forget(message.seq);
  }

  #settleIn({ ackedSeq, wanted }: Extract<MasterMessage, { type: 'welcome' }>): void {
    this.admissions += 1;
    this.#failures = 0;
    this.#forget(ackedSeq);
    for (const message of this.#unacknowledged) this.#say(message);
    for (const { key } of wanted) this.#begin(key);
  }

  #begin(key: string): void {
    const isKnown = this.#unacknowledged.some((message) => 'key' in message && message.key === key);
    if (this.running.has(key) || isKnown) return;
    this.running.add(key);
    this.begun.push(key);
    this.#report({ type: 'started', key });
  }

  #report(message: object): void {
    const numbered = { ...message, seq: ++this.#lastSeq };
    this.#unacknowledged.push(numbered);
    this.#say(numbered);
  }

  #forget(seq: number): void {
    this.#unacknowledged = this.#unacknowledged.filter((message) => message.seq > seq);
  }

  #say(message: object): void {
    if (this.#ws?.readyState === WebSocket.OPEN) this.#ws.send(JSON.stringify(message));
  }

  #lost(): void {
    this.#ws = null;
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.connect(), backoffDelay(this.#failures++, Math.random));
  }
}
