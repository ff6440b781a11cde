/**
 * A master reduced to its store, to be killed: writes without end and prints each thing once it was acknowledged.
 * What is written follows from its number alone, so that whoever comes after knows what must be there.
 */
import { writeSync } from 'node:fs';
import { zstdCompressSync } from 'node:zlib';
import { systemClock } from '../../packages/master/src/clock.ts';
import { silentLogger } from '../../packages/master/src/log.ts';
import type { WorkerEffect } from '../../packages/master/src/ports/records.ts';
import { openStore } from '../../packages/master/src/store/open.ts';

export const BOOT_ID = 'c'.repeat(32);

/** The bytes of message `seq`. */
export function textOf(seq: number): string {
  return `message ${seq} ${'x'.repeat((seq * 7919) % 20_000)}\n`;
}

/** Synchronous, so that nothing said is lost with the process. */
function say(line: string): void {
  writeSync(1, `${line}\n`);
}

async function write(basedir: string): Promise<void> {
  const fatal = (error: Error): never => {
    throw error;
  };
  const store = await openStore({ basedir, clock: systemClock, logger: silentLogger, fatal });
  const { masterId } = await store.registerMaster('crash');
  const { builders, workers } = await store.register({
    builders: [{ name: 'b', description: null, tags: [] }],
    workers: [{ name: 'w', maxBuilds: 1, tags: [] }],
    schedulers: [],
    eligible: [['b', 'w']],
  });
  const [builderId, workerId] = [builders[0]?.builderId as number, workers[0]?.workerId as number];

  const addSet = async () => {
    const body = Buffer.from(`patch ${Math.random()}`);
    const patch = { level: 1, subdir: '', author: '', comment: '', tree: null, body };
    const stamp = { codebase: '', repository: '', project: '', branch: null, revision: null, patch };
    const added = await store.addBuildSet({
      externalId: null,
      reason: 'crash',
      submitter: null,
      scheduler: 'x',
      sourceStamps: [stamp],
      properties: {},
      builderIds: [builderId],
      priority: 0,
      rebuiltBuildId: null,
    });
    say(`request ${added.requests[0]?.requestId}`);
    return added.requests[0]?.requestId as number;
  };

  const [running] = await store.takeUpBuilds(masterId);
  const requestId = running === undefined ? await addSet() : running.request.requestId;
  const claimed = running ?? (await store.claim({ requestId, workerId, masterId, builddir: 'b' }));
  const buildId = claimed?.build.buildId as number;
  const step = await store.startStep({ buildId, number: 0, name: 'test', stateString: '' });
  const log = await store.addLog({ stepId: step?.stepId as number, name: 'stdio', type: 's' });
  const logId = log?.logId as number;
  say(`log ${logId}`);

  const sendMessages = async () => {
    let { ackedSeq } = await store.openSession(workerId, BOOT_ID);
    for (let size = 1; ; size = (size % 5) + 1) {
      const effects = Array.from({ length: size }, (_, i): WorkerEffect => {
        const seq = ackedSeq + 1 + i;
        const raw = Buffer.from(textOf(seq));
        const frame = { length: raw.length, newlines: 1, runs: [['o', raw.length]] as ['o', number][] };
        return {
          kind: 'log',
          seq,
          key: `${buildId}.1.0.0`,
          log: 'stdio',
          buildId,
          logId,
          frame,
          payload: zstdCompressSync(raw),
        };
      });
      await store.commitWorkerEffects(workerId, BOOT_ID, effects);
      ackedSeq += size;
      say(`acked ${ackedSeq}`);
    }
  };
  const addSets = async () => {
    for (;;) await addSet();
  };
  await Promise.all([sendMessages(), addSets()]);
}

const basedir = process.argv[2];
if (basedir !== undefined && import.meta.main) await write(basedir);
