/** The model of the store: workers, their sessions, and the commands they report on. */
import { BugError, type CommandOutcome, ExternalError, type Query, workerNotePaths } from '@buildbot/shared';
import type { Store } from '../../packages/master/src/ports/store.ts';
import { type CommandRow, copyOf } from './disk.ts';
import { DiskTime, type Verb } from './disk-time.ts';

export class WorkerVerbs extends DiskTime {
  setWorkerState(...[workerId, state]: Verb<'setWorkerState'>): Promise<void> {
    return this.write(() => {
      const worker = this.ledger.worker(workerId);
      const news = this.ledger.newsOf(worker, state);
      if (news === null) return;
      Object.assign(worker, state, state.connected === true ? { missingAt: null, awayAt: null } : {});
      if (news === 'disconnected') worker.awayAt = this.now();
      this.ledger.tellWorker(worker, news);
    });
  }

  trustWorker(...[workerId, { forget }]: Verb<'trustWorker'>): Promise<void> {
    return this.write(() => this.ledger.trust(this.ledger.worker(workerId), forget));
  }

  markMissing(...[workerId]: Verb<'markMissing'>): Promise<boolean> {
    return this.write(() => {
      const worker = this.ledger.worker(workerId);
      if (worker.connected || worker.missingAt !== null) return false;
      worker.missingAt = this.now();
      this.ledger.tellWorker(worker, 'missing');
      return true;
    });
  }

  noteWorker(...[workerId, note, facts]: Verb<'noteWorker'>): Promise<void> {
    return this.write(() => {
      const { name } = this.ledger.worker(workerId);
      this.ledger.emit(workerNotePaths(workerId, note), { workerid: workerId, name, ...facts });
    });
  }
  putCommand(...[key, buildId, command]: Verb<'putCommand'>): ReturnType<Store['putCommand']> {
    return this.writeFor(buildId, `command ${key}`, () => {
      const known = this.disk.commands.get(key);
      if (known !== undefined) return { ...known, isNew: false };
      const made: CommandRow = { key, buildId, command, outcome: null, received: {} };
      this.disk.commands.set(key, made);
      return { ...made, isNew: true };
    });
  }

  command(...[key]: Verb<'command'>): ReturnType<Store['command']> {
    return this.read(() => copyOf(this.disk.commands.get(key)));
  }

  openSession(...[workerId, bootId, neverSent = []]: Verb<'openSession'>): ReturnType<Store['openSession']> {
    return this.write(() => {
      const sessions = this.disk.sessions.get(workerId) ?? [];
      const known = sessions.find((session) => session.bootId === bootId);
      if (known !== undefined)
        return { standing: known.hasEnded ? 'superseded' : 'known', ackedSeq: known.ackedSeq };
      for (const older of sessions) older.hasEnded = true;
      this.disk.sessions.set(workerId, [...sessions, { bootId, ackedSeq: 0, hasEnded: false }]);
      const lost: CommandOutcome = { status: 'lost', reason: 'its worker died or was restarted' };
      for (const { buildId } of [...this.disk.unfinished].filter((build) => build.workerId === workerId)) {
        for (const command of this.disk.commands.values()) {
          if (command.buildId !== buildId || command.outcome !== null || neverSent.includes(command.key))
            continue;
          command.outcome = lost;
        }
      }
      const worker = this.ledger.worker(workerId);
      const news = this.ledger.newsOf(worker, { graceful: false });
      worker.graceful = false;
      if (news !== null) this.ledger.tellWorker(worker, news);
      return { standing: 'new', ackedSeq: 0 };
    });
  }

  commitWorkerEffects(...[workerId, bootId, effects]: Verb<'commitWorkerEffects'>): Promise<void> {
    return this.write(() => {
      const session = this.disk.sessions.get(workerId)?.at(-1);
      if (session?.bootId !== bootId) throw new ExternalError('worker session', 'it has ended');
      for (const effect of effects.filter(({ seq }) => seq > session.ackedSeq)) {
        session.ackedSeq = effect.seq;
        this.ledger.take(workerId, effect);
      }
    });
  }

  /** What dispatch begins with: the workers, and where the newest builds ran. Nothing else is asked for by name. */
  query(resource: string, { limit }: Pick<Query, 'limit'>): Promise<{ rows: unknown[]; total: number }> {
    return this.read(() => {
      const rows = this.#rowsOf(resource);
      return { rows: rows.slice(0, limit ?? rows.length), total: rows.length };
    });
  }

  #rowsOf(resource: string): unknown[] {
    const { workers, builds } = this.disk;
    if (resource === 'workers')
      return [...workers.values()].map((worker) => this.ledger.workerResource(worker));
    if (resource === 'builds')
      return [...builds.values()]
        .map(({ builderId, workerId }) => ({ builderid: builderId, workerid: workerId }))
        .reverse();
    throw new BugError(`the model of the store has no ${resource} to ask for`);
  }
}
