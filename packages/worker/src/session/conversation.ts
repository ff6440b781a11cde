/**
 * What is said over one connection: hello, welcome, then commands in one direction and numbered messages in the other.
 * Everything that lasts longer than a connection (spool, commands, blobs) is handed in.
 */
import {
  blobFrameSchema,
  check,
  decodeFrame,
  type Hello,
  type MasterMessage,
  masterMessageSchema,
  parseMessage,
  unreachable,
  type Welcome,
} from '@buildbot/shared';
import type { WorkerClock } from '../clock.ts';
import type { CommandTable } from '../commands/command-table.ts';
import type { CallEnd, CallVerdict } from '../core/next-call.ts';
import type { WorkerLog } from '../log.ts';
import type { Spool } from '../spool/spool.ts';
import type { BlobPieces } from './blob-pieces.ts';
import { type Dial, Link } from './link.ts';
import { Sender } from './sender.ts';

/** How a connection ended. */
export interface ConversationEnd extends CallEnd {
  reason: string;
}

export interface ConversationDeps {
  clock: WorkerClock;
  log: WorkerLog;
  spool: Spool;
  commands: CommandTable;
  blobs: BlobPieces;
  hello: () => Hello;
  onWelcome: (welcome: Welcome) => void;
  dial?: Dial | undefined;
}

/** What a refusal means for this session. A master that could not make sense of our words may like those of a new one. */
function refusal({ code, again }: Extract<MasterMessage, { type: 'refused' }>): CallVerdict {
  if (code === 'malformed') return 'breach';
  return again ? 'cut' : 'refused';
}

export class Conversation {
  readonly #deps: ConversationDeps;
  readonly #link: Link;
  readonly #begunAt: number;
  #sender: Sender | null = null;
  #verdict: CallVerdict = 'cut';
  #resolve: (end: ConversationEnd) => void = () => undefined;
  /** Resolves when the connection is over; never rejects. */
  readonly end: Promise<ConversationEnd>;

  constructor(url: string, deps: ConversationDeps) {
    this.#deps = deps;
    this.#begunAt = deps.clock.monotonic();
    this.end = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    const handlers = {
      onOpen: () => this.#link.sendText(deps.hello()),
      onText: (text: string) => this.#onText(text),
      onBinary: (bytes: Uint8Array) => this.#onBinary(bytes),
      onProbe: () => this.#probe(),
      onClose: (reason: string) => this.#onClose(reason),
    };
    this.#link = new Link(url, deps.clock, handlers, deps.dial);
  }

  get isWelcomed(): boolean {
    return this.#sender !== null;
  }

  /** Send something that is not numbered, if the master is listening. */
  tell(message: object): void {
    if (this.isWelcomed) this.#link.sendText(message);
  }

  /** There is something new in the spool. */
  pump(): void {
    this.#sender?.pump();
  }

  cut(reason: string): void {
    this.#link.cut(reason);
  }

  #probe(): void {
    // Before the welcome a ping would be out of turn; the silence will end such a connection.
    this.tell({ type: 'ping', id: 0 });
  }

  #onText(text: string): void {
    const parsed = parseMessage(masterMessageSchema, text);
    const problem = parsed.ok ? this.#handle(parsed.value) : parsed.reason;
    if (problem !== null) this.#breach(problem);
  }

  #breach(problem: string): void {
    this.#leave('breach', `the master broke the protocol: ${problem}`);
  }

  /** Answers what was wrong about the message, `null` for nothing. */
  #handle(message: MasterMessage): string | null {
    if (message.type === 'refused') return this.#leave(refusal(message), message.reason);
    if (message.type === 'superseded') return this.#leave('superseded', message.reason);
    if (message.type === 'welcome') return this.#welcomed(message);
    if (!this.isWelcomed) return `'${message.type}' before the welcome`;
    switch (message.type) {
      case 'start':
        this.#deps.commands.start(message.key, message.command);
        return null;
      case 'stop':
        this.#deps.commands.stop(message.key);
        return null;
      case 'ack':
        return this.#acked(message.seq);
      case 'ping':
        this.#link.sendText({ type: 'pong', id: message.id });
        return null;
      case 'pong':
        return null;
      default:
        return unreachable(message);
    }
  }

  #leave(verdict: CallVerdict, reason: string): null {
    this.#verdict = verdict;
    this.cut(reason);
    return null;
  }

  #welcomed(welcome: Welcome): string | null {
    const { spool, commands, blobs, onWelcome } = this.#deps;
    if (this.isWelcomed) return 'a second welcome';
    if (welcome.ackedSeq > spool.lastSeq)
      return `it acknowledges message ${welcome.ackedSeq}, which was never sent`;
    this.#link.keepAlive(welcome);
    this.#forget(welcome.ackedSeq);
    this.#sender = new Sender({
      spool,
      window: welcome.window,
      send: (bytes, binary) => this.#link.send(bytes, binary),
    });
    onWelcome(welcome);
    blobs.connected((request) => this.#link.sendText({ type: 'fetch', ...request }));
    this.#sender.pump();
    commands.apply(welcome.wanted);
    return null;
  }

  #acked(seq: number): string | null {
    if (this.#sender === null || seq > this.#sender.sentSeq)
      return `it acknowledges message ${seq}, which was never sent`;
    this.#forget(seq);
    this.#sender.acked(seq);
    return null;
  }

  #forget(ackedSeq: number): void {
    this.#deps.spool.ack(ackedSeq);
    this.#deps.commands.forget(ackedSeq);
  }

  #onBinary(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    const header = frame.ok ? check(blobFrameSchema, frame.header) : frame;
    if (frame.ok && header.ok) this.#deps.blobs.arrived(header.value, frame.payload);
    else if (!header.ok) this.#breach(header.reason);
  }

  #onClose(reason: string): void {
    if (this.isWelcomed) this.#deps.blobs.connected(null);
    const welcomed = this.isWelcomed;
    this.#sender = null;
    const lastedMs = this.#deps.clock.monotonic() - this.#begunAt;
    this.#resolve({ reason, welcomed, verdict: this.#verdict, lastedMs });
  }
}
