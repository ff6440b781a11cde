/**
 * `--follow`: every log of a try line for line as it grows, those of one build one after another. How far each build was
 * told is known at any moment, and may be given to another process that goes on there.
 */
import { type LogResource, sanitizeName, UserError } from '@buildbot/shared';
import { type ApiClient, NotFound } from '../client/api-client.ts';
import { isFollowed, type LogPiece } from '../view/log-piece.ts';
import type { ViewState } from '../view/state.ts';
import { LineCutter } from './line-cutter.ts';
import type { ViewStore } from './view-store.ts';

/** By log id, the bytes of it that were told. Logs of the same build with lower ids were told whole. */
export type LogPositions = ReadonlyMap<number, number>;

/** `31:2048,44:0`, as `--from` takes it; without it, nothing was told. @throws UserError for anything else */
export function parseLogPositions(text: string | undefined): LogPositions {
  if (text === undefined) return new Map();
  const entries = text.split(',').map((part) => {
    const [, logId, offset] = /^([1-9]\d{0,14}):(\d{1,15})$/.exec(part) ?? [];
    if (logId === undefined)
      throw new UserError(`--from: '${text.slice(0, 80)}' is no position in a log`, {
        hint: 'Expected LOG:BYTES as the line that attaches again has it, for example 31:2048.',
      });
    return [Number(logId), Number(offset)] as const;
  });
  return new Map(entries);
}

export interface LogFollowerOptions {
  store: ViewStore;
  /** Is given each piece once, in the order of its build. */
  tell: (piece: LogPiece) => void;
  /** Where an earlier process had come to; a build that is not named begins with its first log. */
  from: LogPositions;
  signal: AbortSignal;
}

/** Where a build's telling stands. */
interface Place {
  logId: number;
  offset: number;
}

export class LogFollower {
  readonly #options: LogFollowerOptions;
  /** By build id. */
  readonly #places = new Map<number, Place>();
  /** By build id; of one that broke off, until there is another client. */
  readonly #readings = new Map<number, Promise<void>>();
  #client: ApiClient | undefined;
  /** While it is there, nothing is told. */
  #gate: PromiseWithResolvers<void> | null = null;

  constructor(options: LogFollowerOptions) {
    this.#options = options;
    options.signal.addEventListener('abort', () => this.release(), { once: true });
    options.store.subscribe((state) => this.#look(state));
  }

  /** The client in use from now on; what was read through the former one has ended with it. */
  use(client: ApiClient): void {
    this.#client = client;
    this.#readings.clear();
    this.#look(this.#options.store.state);
  }

  /** What `--from` needs to go on from here; null when nothing was told yet. */
  get position(): string | null {
    const told = [...this.#places.values()].map(({ logId, offset }) => `${logId}:${offset}`);
    return told.length === 0 ? null : told.join(',');
  }

  /** Tells nothing more until `release`, so that a position stays true. */
  hold(): void {
    if (!this.#options.signal.aborted) this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = null;
  }

  /** Resolves when everything that is known of was told. @throws LinkError when the link broke before */
  async settled(): Promise<void> {
    await Promise.all(this.#readings.values());
  }

  #look(state: ViewState): void {
    const client = this.#client;
    if (client === undefined || this.#options.signal.aborted) return;
    for (const buildId of state.builds.keys()) {
      if (!this.#places.has(buildId)) this.#begin(buildId);
      if (this.#readings.has(buildId) || this.#next(buildId) === undefined) continue;
      const reading = this.#readBuild(client, buildId);
      this.#readings.set(buildId, reading);
      // Heard of where everything is waited for.
      reading.catch(() => {});
    }
  }

  async #readBuild(client: ApiClient, buildId: number): Promise<void> {
    for (let log = this.#next(buildId); log !== undefined; log = this.#next(buildId)) {
      await this.#read(client, buildId, log);
      if (this.#isOver(client)) return;
      this.#options.store.dispatch({ type: 'log_told', logId: log.logid });
    }
    this.#readings.delete(buildId);
  }

  /** Whether nothing more may be told of what comes through this client. */
  #isOver(client: ApiClient): boolean {
    return this.#options.signal.aborted || client !== this.#client;
  }

  #logsOf(buildId: number): LogResource[] {
    const { state } = this.#options.store;
    return [...state.logs.values()]
      .map(({ value }) => value)
      .filter((log) => isFollowed(log) && state.steps.get(log.stepid)?.value.buildid === buildId)
      .sort((a, b) => a.logid - b.logid);
  }

  /** The first log of the build that was not told to its end. */
  #next(buildId: number): LogResource | undefined {
    return this.#logsOf(buildId).find(({ logid }) => !this.#options.store.state.toldLogs.has(logid));
  }

  /** Goes on where an earlier process had come to. */
  #begin(buildId: number): void {
    const logs = this.#logsOf(buildId);
    const log = logs.find(({ logid }) => this.#options.from.has(logid));
    if (log === undefined) return;
    this.#places.set(buildId, { logId: log.logid, offset: this.#options.from.get(log.logid) ?? 0 });
    for (const { logid } of logs)
      if (logid < log.logid) this.#options.store.dispatch({ type: 'log_told', logId: logid });
  }

  async #read(client: ApiClient, buildId: number, log: LogResource): Promise<void> {
    const known = this.#places.get(buildId);
    const place = known?.logId === log.logid ? known : { logId: log.logid, offset: 0 };
    const cutter = new LineCutter();
    try {
      for await (const bytes of client.rawLog(log.logid, place.offset, true, this.#options.signal)) {
        await this.#gate?.promise;
        if (this.#isOver(client)) return;
        this.#tell(buildId, log, place, cutter.push(bytes));
      }
      await this.#gate?.promise;
      if (!this.#isOver(client)) this.#tell(buildId, log, place, cutter.end());
    } catch (error) {
      // Retention may have taken it.
      if (!(error instanceof NotFound)) throw error;
    }
  }

  #tell(buildId: number, log: LogResource, place: Place, bytes: Uint8Array): void {
    this.#places.set(buildId, place);
    if (bytes.length === 0) return;
    const { state } = this.#options.store;
    const build = state.builds.get(buildId)?.value;
    const builder = state.builders.get(build?.builderid ?? -1)?.value.name ?? '';
    this.#options.tell({
      build: { buildId, builder: sanitizeName(builder), number: build?.number ?? 0 },
      step: sanitizeName(state.steps.get(log.stepid)?.value.name ?? '', { maxLength: 70 }),
      log: sanitizeName(log.name),
      logId: log.logid,
      offset: place.offset,
      bytes,
    });
    place.offset += bytes.length;
  }
}
