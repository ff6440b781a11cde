/**
 * The worker's side of a session: finds a master, comes back after every cut, and ends the builds when no master has
 * been heard of for too long. It lives as long as the worker process; its boot id is what tells the master so.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type Hello, PROTOCOL_VERSIONS, type Welcome, type WorkerInfo } from '@buildbot/shared';
import type { AvailabilityState } from '../availability.ts';
import type { WorkerClock } from '../clock.ts';
import type { CommandTable } from '../commands/command-table.ts';
import { backoffDelay } from '../core/backoff.ts';
import type { WorkerLog } from '../log.ts';
import type { Spool } from '../spool/spool.ts';
import type { BlobPieces } from './blob-pieces.ts';
import { Conversation, type ConversationEnd } from './conversation.ts';
import type { Dial } from './link.ts';

/** What a person may want to know about the connection. */
export type SessionState =
  | { kind: 'connecting'; url: string }
  | { kind: 'connected'; url: string }
  /** Waiting `delayMs` before the next attempt, because of `reason`. */
  | { kind: 'waiting'; reason: string; delayMs: number }
  /** Over. `reason` is why the master will not have this worker; `null` when it was stopped from here. */
  | { kind: 'stopped'; reason: string | null };

export interface SessionDeps {
  clock: WorkerClock;
  random: () => number;
  log: WorkerLog;
  spool: Spool;
  commands: CommandTable;
  blobs: BlobPieces;
  name: string;
  password: string;
  /** 32 hexadecimal digits, new for each process. */
  bootId: string;
  info: WorkerInfo;
  /** Addresses of masters, tried in turn. */
  masters: readonly string[];
  availability: () => AvailabilityState;
  onState: (state: SessionState) => void;
  /** How to reach a master, if not over the network. */
  dial?: Dial | undefined;
}

/** How long `stop` waits for the master to acknowledge how the last commands ended. */
const FAREWELL_MS = 3000;
/** How long `stop` waits for the last output of commands to find room while a master is there. */
const LAST_OUTPUT_MS = 10_000;
const SAVE_MS = 1000;

export class Session {
  readonly #deps: SessionDeps;
  readonly #stopping = new AbortController();
  #conversation: Conversation | null = null;
  #running: Promise<void> = Promise.resolve();
  #saver: NodeJS.Timeout | null = null;
  #graceTimer: NodeJS.Timeout | null = null;
  #graceMs: number | null = null;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#deps.spool.onAppend = () => this.#conversation?.pump();
    this.#saver = setInterval(() => this.#deps.spool.save(), SAVE_MS);
    this.#running = this.#run();
  }

  /** End all commands, tell the master if it is there, and close. */
  async stop(): Promise<void> {
    const { commands, spool } = this.#deps;
    // Output that waits for room in the spool would keep its command, and us, for ever when no master makes room.
    const patience = this.#conversation?.isWelcomed ? LAST_OUTPUT_MS : 0;
    const giveUp = setTimeout(() => spool.close(), patience);
    await commands.close();
    clearTimeout(giveUp);
    await this.#farewell();
    this.#stopping.abort();
    this.#conversation?.cut('the worker is stopping');
    await this.#running;
  }

  /** Tell the master of a changed availability; the newest counts. */
  announceAvailability(): void {
    const { availability, rule } = this.#deps.availability();
    this.#conversation?.tell({ type: 'availability', availability, rule, graceful: false });
  }

  async #run(): Promise<void> {
    const { masters, onState } = this.#deps;
    let failures = 0;
    let turn = 0;
    while (!this.#stopping.signal.aborted) {
      const end = await this.#converse(masters[turn % masters.length] ?? '');
      if (this.#stopping.signal.aborted) break;
      if (end.isFinal) return this.#finish(end.reason);
      failures = end.welcomed ? 0 : failures + 1;
      // A cut is most often a passing one: the same master first, the others when it does not answer.
      if (!end.welcomed) turn++;
      const delayMs = backoffDelay(failures, this.#deps.random);
      onState({ kind: 'waiting', reason: end.reason, delayMs });
      await delay(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    await this.#finish(null);
  }

  async #converse(url: string): Promise<ConversationEnd> {
    const { onState, clock, log, spool, commands, blobs, dial } = this.#deps;
    onState({ kind: 'connecting', url });
    const conversation = new Conversation(url, {
      clock,
      log,
      spool,
      commands,
      blobs,
      dial,
      hello: () => this.#hello(),
      onWelcome: (welcome) => this.#onWelcome(welcome, url),
    });
    this.#conversation = conversation;
    const end = await conversation.end;
    this.#conversation = null;
    if (end.welcomed) this.#beginGrace();
    return end;
  }

  #hello(): Hello {
    const { name, password, bootId, info, spool, commands, availability } = this.#deps;
    const state = availability();
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSIONS,
      worker: name,
      password,
      bootId,
      info,
      availability: state.availability,
      availabilityRule: state.rule,
      commands: [...commands.known().keys()],
      lastSeq: spool.lastSeq,
    };
  }

  #onWelcome({ graceMs }: Welcome, url: string): void {
    this.#graceMs = graceMs;
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    this.#deps.onState({ kind: 'connected', url });
  }

  /** Builds go on without a master for the grace time, then end: nobody would ever fetch their results. */
  #beginGrace(): void {
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    this.#graceTimer = setTimeout(() => {
      if (this.#deps.commands.hasRunning)
        this.#deps.log.warn('no master within the grace time: ending all builds');
      void this.#deps.commands.stopAll('master-gone');
    }, this.#graceMs ?? 0);
  }

  async #farewell(): Promise<void> {
    const { clock, spool } = this.#deps;
    const end = clock.monotonic() + FAREWELL_MS;
    while (this.#conversation?.isWelcomed && spool.ackedSeq < spool.lastSeq && clock.monotonic() < end)
      await delay(20);
  }

  async #finish(reason: string | null): Promise<void> {
    if (this.#graceTimer !== null) clearTimeout(this.#graceTimer);
    if (this.#saver !== null) clearInterval(this.#saver);
    this.#deps.spool.close();
    await this.#deps.commands.close();
    this.#deps.onState({ kind: 'stopped', reason });
  }
}
