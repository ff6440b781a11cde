/**
 * Builds per second with one `true` step on 8 workers, every state durable before the next. Aim: at least 100/s (real
 * Buildbot: 9). The requests are queued while no worker is there, then drained.
 */
import { peakMemory } from '../test/support/memory.ts';
import { type Program, until } from '../test/support/processes.ts';
import { createWorld } from '../test/support/world.ts';
import { cpuMs, report } from './report.ts';
import { rpc } from './rpc.ts';

const BUILDS = Number(process.argv[2] ?? 400);
const WORKERS = 8;

const world = await createWorld({
  start: false,
  workers: WORKERS,
  maxBuilds: 1,
  builders: Object.fromEntries(
    Array.from({ length: WORKERS }, (_, i) => [
      `b${i + 1}`,
      [{ type: 'shell', name: 'noop', command: ['true'] }],
    ]),
  ),
});
try {
  const master = await world.startMaster();
  for (let i = 0; i < BUILDS; i++) {
    const builderNames = [`b${(i % WORKERS) + 1}`];
    await rpc(world.basedir, 'forceschedulers/force', 'force', { builderNames, reason: 'bench' });
  }
  const pid = master.child.pid as number;
  const queuedAtCpuMs = cpuMs(pid);
  const workers = await Promise.all(Array.from({ length: WORKERS }, (_, i) => world.startWorker(i)));
  const readyAtCpuMs = workerCpuMs(workers);
  const open = async (): Promise<boolean> =>
    (await world.api<{ buildrequests: object[] }>('/api/v2/buildrequests?complete=false&limit=1'))
      .buildrequests.length === 0;
  await until('all builds to end', open, 120_000);
  const { builds } = await world.api<{
    builds: { started_at_ms: number; complete_at_ms: number; results: number }[];
  }>('/api/v2/builds');
  const seconds =
    (Math.max(...builds.map((b) => b.complete_at_ms)) - Math.min(...builds.map((b) => b.started_at_ms))) /
    1000;
  const conditions = {
    builds: builds.length,
    good: builds.filter((b) => b.results === 0).length,
    workers: WORKERS,
    synchronous: 'FULL',
    masterCpuMsPerBuild: (cpuMs(pid) - queuedAtCpuMs) / builds.length,
    workerCpuMsPerBuild: (workerCpuMs(workers) - readyAtCpuMs) / builds.length,
  };
  report({
    bench: 'noop-builds',
    figure: 'builds',
    value: builds.length / seconds,
    unit: '1/s',
    aim: '>= 100/s',
    conditions,
  });
  report({
    bench: 'noop-builds',
    figure: 'master peak memory',
    value: await peakMemory(pid),
    unit: 'MB',
    conditions,
  });
} finally {
  await world.remove();
}

function workerCpuMs(workers: readonly Program[]): number {
  return workers.reduce((sum, { child }) => sum + cpuMs(child.pid as number), 0);
}
