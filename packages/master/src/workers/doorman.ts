/**
 * The door of the workers' endpoint: takes the upgrade, hears the hello, checks name, password and protocol version, and
 * only then lets the worker through to its desk. Until then nobody costs more than one small message.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type Hello,
  type LivenessTiming,
  MAX_MESSAGE_BYTES,
  type MasterMessage,
  negotiateVersion,
  PROTOCOL_VERSIONS,
  parseMessage,
  workerMessageSchema,
} from '@buildbot/shared';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock, Logger } from '../ports/service.ts';
import type { WorkerIdentity } from '../ports/workers.ts';
import type { Accounts } from './accounts.ts';
import { Link } from './link.ts';

type Refused = Extract<MasterMessage, { type: 'refused' }>;

export interface DoormanInput {
  clock: Clock;
  logger: Logger;
  timing: LivenessTiming;
  accounts: () => Accounts;
  onAdmitted: (account: WorkerIdentity, link: Link, hello: Hello, protocol: number) => void;
}

const HELLO_MS = 10_000;
const MOST_UNKNOWN = 256;

/** One that makes no sense may do better with a new session; the others come in vain until somebody changes something. */
function refused(code: Refused['code'], reason: string): Refused {
  return { type: 'refused', code, reason: reason.slice(0, 1000), again: code === 'malformed' };
}

interface Verdict {
  account: WorkerIdentity;
  hello: Hello;
  protocol: number;
}

/** Whether the one who says this as their first message may come in. */
function judge(text: string, accounts: Accounts): Verdict | Refused {
  const parsed = parseMessage(workerMessageSchema, text);
  if (!parsed.ok) return refused('malformed', `hello: ${parsed.reason}`);
  const hello = parsed.value;
  if (hello.type !== 'hello') return refused('malformed', 'the first message must be a hello');
  const protocol = negotiateVersion(PROTOCOL_VERSIONS, hello.protocol);
  if (protocol === null) return refused('protocol', versionsText(hello.protocol));
  const admission = accounts.admit(hello.worker, hello.password, hello.bootId);
  if (!admission.ok) return refused(admission.code, admission.reason);
  return { account: admission.account, hello, protocol };
}

function versionsText(theirs: { min: number; max: number }): string {
  const { min, max } = PROTOCOL_VERSIONS;
  return `this master speaks protocol versions ${min} to ${max}, the worker ${theirs.min} to ${theirs.max}`;
}

function answerPlain(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

export class Doorman {
  readonly #input: DoormanInput;
  readonly #server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: MAX_MESSAGE_BYTES,
  });
  /** Connections that have not said who they are. */
  readonly #unknown = new Set<Link>();

  constructor(input: DoormanInput) {
    this.#input = input;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Only browsers send an Origin, and no page has any business here.
    if (request.headers.origin !== undefined) answerPlain(socket, '403 Forbidden');
    else if (this.#unknown.size >= MOST_UNKNOWN) answerPlain(socket, '503 Service Unavailable');
    else this.#server.handleUpgrade(request, socket, head, (ws) => this.#greet(ws, request, socket));
  }

  close(): void {
    for (const link of this.#unknown) link.cut('the master is stopping');
    this.#server.close();
  }

  #greet(ws: WebSocket, request: IncomingMessage, socket: Duplex): void {
    const { clock, timing } = this.#input;
    const link = new Link({ ws, socket, clock, timing });
    const address = request.socket.remoteAddress ?? 'a unix socket';
    const timer = setTimeout(() => link.cut('no hello came'), HELLO_MS);
    const leave = () => {
      clearTimeout(timer);
      this.#unknown.delete(link);
    };
    this.#unknown.add(link);
    link.attach({
      onText: (text) => {
        leave();
        this.#expectSilence(link, address);
        this.#answer(link, judge(text, this.#input.accounts()), address);
      },
      onBinary: () => this.#answer(link, refused('malformed', 'the first message must be a hello'), address),
      onProbe: () => undefined,
      onClose: leave,
    });
  }

  /** From the hello to the welcome it is the master's turn. */
  #expectSilence(link: Link, address: string): void {
    const breach = () =>
      this.#answer(link, refused('malformed', 'a message came before the welcome'), address);
    link.attach({ onText: breach, onBinary: breach, onProbe: () => undefined, onClose: () => undefined });
  }

  #answer(link: Link, verdict: Verdict | Refused, address: string): void {
    if (!('type' in verdict)) {
      this.#input.onAdmitted(verdict.account, link, verdict.hello, verdict.protocol);
      return;
    }
    this.#input.logger.warn({ address, code: verdict.code }, `a worker was refused: ${verdict.reason}`);
    link.close(verdict, verdict.code);
  }
}
