/**
 * When this worker may be used, as far as it is for the worker to say: the lowest of what its admin wrote into BASEDIR,
 * what its calendar says, and what its load says. Whoever may write into BASEDIR (a cron job of the machine's owner, for
 * example) needs no network and no password.
 */
import { type FSWatcher, watch } from 'node:fs';
import {
  ADMIN_FILE,
  type AvailabilityVerdict,
  Calendar,
  formatDuration,
  lowestVerdict,
  RULES,
  type WorkerAvailability,
} from '@buildbot/shared';
import type { WorkerClock } from '../clock.ts';
import { readAdminFile } from './admin-file.ts';
import { AdminHold } from './admin-hold.ts';
import { type LoadState, loadTransition, reportedLoad } from './load-rule.ts';

/**
 * Everything is looked at this often: the load, the file where its events do not come (network file systems), and the
 * wall clock, so that one that was set is noticed.
 */
const LOOK_MS = 5000;

/** What the master is told. */
export interface AvailabilityReport extends AvailabilityVerdict {
  /** Load average per processor, in coarse steps. */
  load: number;
}

export interface AvailabilityDeps {
  basedir: string;
  rules: WorkerAvailability;
  clock: WorkerClock;
  /** Load average of the last minute, per processor. */
  loadAverage: () => number;
  onTrouble: (error: unknown) => void;
}

export class AvailabilityWatch {
  readonly #deps: AvailabilityDeps;
  readonly #admin: AdminHold;
  readonly #calendar: Calendar;
  #load: LoadState = { kind: 'calm' };
  #sampledAt: number;
  #state: AvailabilityReport;
  #onChange: () => void = () => undefined;
  #watcher: FSWatcher | null = null;
  #timer: NodeJS.Timeout | null = null;
  #trouble = '';

  constructor(deps: AvailabilityDeps) {
    this.#deps = deps;
    this.#admin = new AdminHold(deps.clock);
    this.#calendar = new Calendar(deps.rules.calendar);
    this.#sampledAt = deps.clock.monotonic();
    this.#readFile();
    this.#state = { ...this.#verdict(), load: reportedLoad(null, deps.loadAverage()) };
  }

  get state(): AvailabilityReport {
    return this.#state;
  }

  /** Call `onChange` whenever there is something new to tell. */
  start(onChange: () => void): void {
    const { basedir, onTrouble } = this.#deps;
    this.#onChange = onChange;
    try {
      this.#watcher = watch(basedir, (_event, name) => {
        if (name === ADMIN_FILE) this.#look();
      });
      this.#watcher.on('error', onTrouble);
    } catch (error) {
      // No more watchers on this machine: the file is still looked at.
      onTrouble(error);
    }
    this.#look();
  }

  stop(): void {
    this.#onChange = () => undefined;
    this.#watcher?.close();
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  /** Look at everything now, and again when it may be something else. */
  #look(): void {
    this.#readFile();
    const load = this.#sampleLoad();
    const before = this.#state;
    this.#state = { ...this.#verdict(), load: reportedLoad(before.load, load) };
    if (this.#timer !== null) clearTimeout(this.#timer);
    const left = (this.#state.until ?? Number.POSITIVE_INFINITY) - this.#deps.clock.now();
    this.#timer = setTimeout(() => this.#look(), Math.min(LOOK_MS, Math.max(1, left)));
    if (JSON.stringify(this.#state) !== JSON.stringify(before)) this.#onChange();
  }

  #verdict(): AvailabilityVerdict {
    return lowestVerdict([this.#admin.verdict(), ...this.#calendarVerdict(), ...this.#loadVerdict()]);
  }

  #calendarVerdict(): AvailabilityVerdict[] {
    const now = this.#deps.clock.now();
    const { availability, reason } = this.#calendar.at(now);
    if (availability === 'eager') return [];
    return [{ availability, rule: RULES.calendar, reason, until: this.#calendar.nextChange(now) }];
  }

  #loadVerdict(): AvailabilityVerdict[] {
    const rule = this.#deps.rules.load;
    if (rule === undefined || this.#load.kind !== 'high') return [];
    const reason = `above ${rule.above} for ${formatDuration(rule.forMs)}`;
    return [{ availability: rule.be, rule: RULES.load, reason, until: null }];
  }

  #sampleLoad(): number {
    const { rules, clock, loadAverage } = this.#deps;
    const now = clock.monotonic();
    // A process that was frozen did not see what the load was meanwhile.
    const elapsedMs = Math.min(now - this.#sampledAt, 2 * LOOK_MS);
    const load = loadAverage();
    this.#sampledAt = now;
    if (rules.load !== undefined) this.#load = loadTransition(rules.load, this.#load, { load, elapsedMs });
    return load;
  }

  /** A file that makes no sense changes nothing, and is complained about once. */
  #readFile(): void {
    try {
      this.#admin.take(readAdminFile(this.#deps.basedir));
      this.#trouble = '';
    } catch (error) {
      if (this.#trouble !== String(error)) this.#deps.onTrouble(error);
      this.#trouble = String(error);
    }
  }
}
