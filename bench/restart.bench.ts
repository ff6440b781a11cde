/**
 * How long a master takes to serve again that was killed with 10,000 requests in its queue. Aim: at most 2 s from the
 * start of the program until it answers, and the first build begins.
 */
import { end, program, start as startProgram, until } from '../test/support/processes.ts';
import { createWorld, type World } from '../test/support/world.ts';
import { cpuMs, median, report, timed } from './report.ts';
import { rpc } from './rpc.ts';

const QUEUED = Number(process.argv[2] ?? 10_000);
const RESTARTS = Number(process.argv[3] ?? 5);
/** Calls under way at once while the queue is filled. */
const AT_ONCE = 50;
const BUILDERS = Array.from({ length: 20 }, (_, n) => `b${n}`);

const step = { type: 'shell', name: 'noop', command: ['true'] };
const world = await createWorld({
  start: false,
  workers: 1,
  maxBuilds: 1,
  builders: Object.fromEntries(BUILDERS.map((name) => [name, [step]])),
});
try {
  await world.startMaster();
  await fill(world);
  const served: number[] = [];
  const ready: number[] = [];
  const cpu: number[] = [];
  for (let restart = 0; restart < RESTARTS; restart++) {
    if (world.master !== null) await end(world.master, 'SIGKILL');
    const [readyMs, servedMs] = await startAndAsk(world);
    cpu.push(cpuMs(world.master?.child.pid as number));
    ready.push(readyMs);
    served.push(servedMs);
  }
  const firstBuildMs = await timed(async () => {
    await world.startWorker();
    await until(
      'a build',
      async () => (await world.api<{ builds: object[] }>('/api/v2/builds?limit=1')).builds[0],
    );
  });
  const conditions = {
    queued: await queued(world),
    restarts: RESTARTS,
    after: 'SIGKILL',
    cpuMs: median(cpu),
  };
  const tell = (figure: string, value: number, aim?: string): void =>
    report({
      bench: 'restart',
      figure,
      value,
      unit: 'ms',
      conditions,
      ...(aim === undefined ? {} : { aim }),
    });
  tell('ready', median(ready), '<= 2000 ms');
  tell('queue answered', median(served), '<= 2000 ms');
  tell('queue answered, slowest', Math.max(...served));
  tell('first build after a worker starts', firstBuildMs);
} finally {
  await world.remove();
}

/** Each call makes one request per builder. */
async function fill({ basedir }: World): Promise<void> {
  for (let made = 0; made < QUEUED; made += AT_ONCE * BUILDERS.length) {
    const calls = Math.min(AT_ONCE, Math.ceil((QUEUED - made) / BUILDERS.length));
    const params = { builderNames: BUILDERS, reason: 'bench' };
    await Promise.all(
      Array.from({ length: calls }, () => rpc(basedir, 'forceschedulers/force', 'force', params)),
    );
  }
}

/** Milliseconds from the start of the program until it says that it is ready, and until it has answered for the queue. */
async function startAndAsk(target: World): Promise<[number, number]> {
  const begin = performance.now();
  const master = startProgram(program('master', 'run', target.basedir));
  target.master = master;
  await master.says(/^buildbot-master ready/m);
  const readyMs = performance.now() - begin;
  if ((await queued(target)) < QUEUED) throw new Error('the queue is shorter than it was');
  return [readyMs, performance.now() - begin];
}

async function queued({ api }: World): Promise<number> {
  const path = '/api/v2/buildrequests?complete=false&limit=1';
  return (await api<{ meta: { total: number } }>(path)).meta.total;
}
