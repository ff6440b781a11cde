/**
 * The worker's side of its sessions: finds a master, comes back after every cut, and ends the builds when no master has
 * been heard of for too long. A session normally lives as long as the worker process. Where one side broke the protocol,
 * nothing that was said in it can be relied on: its commands end, and a new one begins under a new boot id.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { GraceTimer, type Hello, PROTOCOL_VERSIONS, type Welcome, type WorkerInfo } from '@buildbot/shared';
import type { AvailabilityReport } from '../availability/availability.ts';
import type { WorkerClock } from '../clock.ts';
import type { CommandTable } from '../commands/command-table.ts';
import { NO_CALLS, nextCall } from '../core/next-call.ts';
import type { WorkerLog } from '../log.ts';
import type { Spool } from '../spool/spool.ts';
import type { BlobPieces } from './blob-pieces.ts';
import { Conversation, type ConversationEnd } from './conversation.ts';
import { Drain } from './drain.ts';
import type { Dial } from './link.ts';

/** What a person may want to know about the connection. */
export type SessionState =
  | { kind: 'connecting'; url: string }
  | { kind: 'connected'; url: string }
  /** Waiting `delayMs` before the next attempt, because of `reason`. */
  | { kind: 'waiting'; reason: string; delayMs: number }
  /** Over: stopped from here (`asked`, no reason), or because no master will have this worker, and why. */
  | { kind: 'stopped'; cause: 'asked' | 'refused' | 'superseded'; reason: string | null };

export interface SessionDeps {
  clock: WorkerClock;
  random: () => number;
  log: WorkerLog;
  spool: Spool;
  commands: CommandTable;
  blobs: BlobPieces;
  name: string;
  password: string;
  /** 32 random hexadecimal digits: one for each session. */
  newBootId: () => string;
  info: WorkerInfo;
  /** Addresses of masters, tried in turn. */
  masters: readonly string[];
  availability: () => AvailabilityReport;
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
  /** Builds go on without a master for so long: known once a master has said it. */
  #grace: GraceTimer | null = null;
  #graceMs: number | null = null;
  #bootId: string;
  /** On its way out: no new builds. */
  #drain: Drain | null = null;
  /** The availability that the master knows from the hello. */
  #saidAtHello = '';
  /** Whether the master of this connection tells when no build is left here. */
  #masterTells = false;

  constructor(deps: SessionDeps) {
    this.#deps = deps;
    this.#bootId = deps.newBootId();
  }

  start(): void {
    this.#deps.spool.onAppend = () => this.#conversation?.pump();
    this.#saver = setInterval(() => this.#deps.spool.recover(), SAVE_MS);
    this.#running = this.#run();
  }

  /** End all commands, tell the master if it is there, and close. */
  async stop(): Promise<void> {
    const { commands, spool } = this.#deps;
    // Output that waits for room in the spool would keep its command, and us, for ever when no master makes room.
    const patience = this.#conversation?.isWelcomed ? LAST_OUTPUT_MS : 0;
    const giveUp = setTimeout(() => spool.discard(), patience);
    await commands.close();
    clearTimeout(giveUp);
    await this.#farewell();
    this.#stopping.abort();
    this.#conversation?.cut('the worker is stopping');
    await this.#running;
  }

  /** Take no new builds; resolves when none is left here. `onWait` is told what is waited for. */
  drain(onWait: (waitsFor: string) => void): Promise<void> {
    const { clock, commands, spool } = this.#deps;
    this.#drain ??= new Drain({
      ...{ clock, commands, spool, onWait },
      master: () => (this.#conversation?.isWelcomed ? { tells: this.#masterTells } : null),
    });
    this.announceAvailability();
    return this.#drain.over;
  }

  /** Tell the master of a changed availability; the newest counts. */
  announceAvailability(): void {
    const { availability, rule, reason, until, load } = this.#deps.availability();
    const graceful = this.#drain !== null;
    this.#conversation?.tell({ type: 'availability', availability, rule, reason, until, load, graceful });
  }

  async #run(): Promise<void> {
    const { masters, onState, random } = this.#deps;
    let history = NO_CALLS;
    while (!this.#stopping.signal.aborted) {
      const end = await this.#converse(masters[history.turn % masters.length] ?? '');
      // To one that is leaving, the master's refusal is its goodbye.
      if (this.#stopping.signal.aborted || (this.#drain !== null && end.verdict === 'refused')) break;
      const next = nextCall(history, end, {
        ...{ masters: masters.length, random, graceLeftMs: this.#graceLeft() },
      });
      if (next.kind === 'never') {
        const cause = end.verdict === 'superseded' ? 'superseded' : 'refused';
        return this.#finish({ cause, reason: end.reason });
      }
      history = next.history;
      onState({ kind: 'waiting', reason: end.reason, delayMs: next.delayMs });
      if (end.verdict === 'breach') await this.#renew();
      await delay(next.delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
    await this.#finish({ cause: 'asked', reason: null });
  }

  /** Of the time that what runs here has; the whole of it when nothing does, as the master may want something here. */
  #graceLeft(): number | null {
    const isNeeded = this.#deps.commands.known().size > 0;
    return (isNeeded ? this.#grace?.leftMs : null) ?? this.#graceMs;
  }

  /** Begin a new session. What was begun in the old one ends first, and nobody is told how: nobody would believe it. */
  async #renew(): Promise<void> {
    const { commands, spool, log, newBootId } = this.#deps;
    if (commands.hasRunning) log.warn('ending all builds: the session with the master cannot go on');
    spool.discard();
    await commands.abandon();
    if (this.#stopping.signal.aborted) return;
    spool.beginAnew();
    this.#bootId = newBootId();
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
    if (end.welcomed) this.#grace?.arm();
    return end;
  }

  #hello(): Hello {
    const { name, password, info, spool, commands, availability } = this.#deps;
    const state = availability();
    this.#saidAtHello = wordsOf(state);
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSIONS,
      worker: name,
      password,
      bootId: this.#bootId,
      info,
      availability: state.availability,
      availabilityRule: state.rule,
      availabilityReason: state.reason,
      availabilityUntil: state.until,
      load: state.load,
      graceful: this.#drain !== null,
      commands: [...commands.known().keys()],
      lastSeq: spool.lastSeq,
    };
  }

  #onWelcome({ graceMs, keepaliveMs, timeoutMs, drains }: Welcome, url: string): void {
    const { clock, onState } = this.#deps;
    this.#masterTells = drains === true;
    this.#graceMs = graceMs;
    this.#grace?.disarm();
    this.#grace = new GraceTimer({
      clock,
      graceMs,
      returnMs: keepaliveMs + timeoutMs,
      onOver: () => this.#endWithoutMaster(),
    });
    onState({ kind: 'connected', url });
    // It may have been asked to leave after the hello; and an older master has not read it there. What changed between
    // hello and welcome could not be told then, and nobody would tell it later.
    const isNews = wordsOf(this.#deps.availability()) !== this.#saidAtHello;
    if (this.#drain !== null || isNews) this.announceAvailability();
  }

  /** No master came back within the grace: nobody would ever fetch the results. A master that comes later is told so. */
  #endWithoutMaster(): void {
    const { commands, log } = this.#deps;
    if (commands.hasRunning) log.warn('no master within the grace time: ending all builds');
    void commands.stopAll('master-gone');
  }

  async #farewell(): Promise<void> {
    const { clock, spool } = this.#deps;
    const end = clock.monotonic() + FAREWELL_MS;
    while (this.#conversation?.isWelcomed && spool.ackedSeq < spool.lastSeq && clock.monotonic() < end)
      await delay(20);
  }

  async #finish(end: Omit<Extract<SessionState, { kind: 'stopped' }>, 'kind'>): Promise<void> {
    this.#grace?.disarm();
    if (this.#saver !== null) clearInterval(this.#saver);
    this.#deps.spool.discard();
    await this.#deps.commands.close();
    this.#drain?.end();
    this.#deps.onState({ kind: 'stopped', ...end });
  }
}

/** An availability without the load, which changes all the time and can wait. */
function wordsOf({ availability, rule, reason, until }: AvailabilityReport): string {
  return JSON.stringify([availability, rule, reason, until]);
}
