/** One worker machine: the worker's real session, command table and spool, which can crash, freeze and be started anew. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { WebSocket } from 'ws';
import { CommandTable } from '../../packages/worker/src/commands/command-table.ts';
import { silentLog } from '../../packages/worker/src/log.ts';
import { BlobPieces } from '../../packages/worker/src/session/blob-pieces.ts';
import { Session, type SessionState } from '../../packages/worker/src/session/session.ts';
import { Spool } from '../../packages/worker/src/spool/spool.ts';
import type { Network } from './network.ts';
import type { Processes } from './processes.ts';
import type { Random } from './random.ts';
import { type Actor, newActor, type VirtualTime } from './virtual-time.ts';

export interface SimWorkerDeps {
  name: string;
  time: VirtualTime;
  random: Random;
  network: Network;
  processes: Processes;
  /** Folder for the spools of all workers. */
  folder: string;
  trace: (line: string) => void;
}

/** Ending what an earlier process left behind takes a moment. */
const LEFTOVERS_MS = 200;

export class SimWorker {
  readonly name: string;
  actor: Actor;
  /** The newest state of the session of the process that lives. */
  state: SessionState = { kind: 'waiting', reason: 'starting', delayMs: 0 };
  readonly #deps: SimWorkerDeps;
  #spool: Spool | null = null;
  #boots = 0;

  constructor(deps: SimWorkerDeps) {
    this.#deps = deps;
    this.name = deps.name;
    this.actor = newActor(deps.name);
    this.actor.isDead = true;
  }

  get isUp(): boolean {
    return !this.actor.isDead && this.actor.frozenUntil <= this.#deps.time.now;
  }

  boot(): void {
    const { time, processes, name, trace } = this.#deps;
    if (!this.actor.isDead) return;
    this.actor = newActor(`${name} (process ${++this.#boots})`);
    const { actor } = this;
    this.state = { kind: 'waiting', reason: 'starting', delayMs: 0 };
    trace(`${actor.name} starts`);
    time.after(
      LEFTOVERS_MS,
      () => {
        processes.endLeftovers(name);
        this.#begin(actor);
      },
      actor,
    );
  }

  /** SIGKILL; or, `isSilent`, the power fails, and nobody on the network is told. */
  crash(isSilent: boolean): void {
    const { network, trace } = this.#deps;
    if (this.actor.isDead) return;
    trace(`${this.actor.name} ${isSilent ? 'loses power' : 'is killed'}`);
    this.actor.isDead = true;
    network.reset(this.actor, isSilent);
    this.close();
    if (isSilent) this.#deps.processes.endLeftovers(this.name);
  }

  freeze(ms: number): void {
    this.#deps.trace(`${this.actor.name} freezes for ${ms} ms`);
    this.actor.frozenUntil = Math.max(this.actor.frozenUntil, this.#deps.time.now + ms);
  }

  /** Let go of the files of the process that lives, or did. */
  close(): void {
    this.#spool?.discard();
    this.#spool = null;
    rmSync(join(this.#deps.folder, this.name), { recursive: true, force: true });
  }

  #begin(actor: Actor): void {
    const { name, time, random, network, processes, folder, trace } = this.#deps;
    const spool = new Spool({ folder: join(folder, name), limitBytes: 64 * 1024 * 1024 });
    this.#spool = spool;
    const commands = new CommandTable({
      spool,
      run: (order) => processes.run(order, { worker: name, parent: actor, spool }),
    });
    const session = new Session({
      ...{ spool, commands, name, blobs: new BlobPieces(), log: silentLog, password: 'secret' },
      clock: { now: () => time.now, monotonic: () => time.now },
      random: () => random.next(),
      newBootId: () => Array.from({ length: 32 }, () => random.int(0, 15).toString(16)).join(''),
      info: { admin: null, host: null, accessUri: null, version: null, system: null, cpus: 2 },
      masters: ['ws://master'],
      availability: () => ({ availability: 'eager', rule: 'default', reason: '', until: null, load: 0 }),
      onState: (state) => {
        this.state = state;
        trace(`${actor.name} is ${state.kind}${'reason' in state ? `: ${state.reason}` : ''}`);
      },
      dial: () => network.dial(name, actor) as unknown as WebSocket,
    });
    session.start();
  }
}
