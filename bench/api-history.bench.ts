/**
 * Pages of a long history (BUILDS of it, ROUNDS of each page) through the API while builds run: how long each takes, and how long the master's event loop
 * stands still meanwhile, also while somebody asks what no index answers. Aims: 10 ms at the 99th percentile, 20 ms.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '../test/support/processes.ts';
import { createWorld, type World } from '../test/support/world.ts';
import { report, timed } from './report.ts';
import { rpc } from './rpc.ts';
import { seedHistory } from './seed-history.ts';

const BUILDS = Number(process.argv[2] ?? 50_000);
const ROUNDS = Number(process.argv[3] ?? 100);
const BUILDERS = 100;
const WORKERS = 50;
/** Requests that keep the workers busy. */
const AHEAD = 6;

const some = (field: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${field}=${i + 1}`).join('&');
const PROPERTIES = 'property=owners&property=workername&property=branch&property=revision';
const BUILD = Math.floor(BUILDS / 40) * 20;
const REVISION = Math.floor(BUILD / 10)
  .toString()
  .padStart(40, '0');

/** What Buildbot's web UI and our own programs ask for. */
const PAGES: Record<string, string> = {
  'status page': 'status',
  'newest finished builds': 'builds?order=-buildid&complete=true&limit=20',
  'running builds': 'builds?order=-started_at&complete=false',
  'builds of a builder, newest 200': `builds?builderid=1&${PROPERTIES}&limit=200&order=-number`,
  'builders with their last builds': `builds?limit=200&order=-started_at&${some('builderid', BUILDERS)}&property=branch`,
  'workers with their last builds': `builds?${PROPERTIES}&limit=50&order=-buildid&${some('workerid', WORKERS)}`,
  'builds of a worker': `builds?${PROPERTIES}&workerid__eq=3&limit=100&order=-buildid`,
  'builds by result': 'builds?results=2&order=-buildid&limit=50',
  'builds of a builder by result': 'builds?builderid=1&results=2&order=-buildid&limit=50',
  'builds of a change': `changes/${Math.floor(BUILD / 10)}/builds?${PROPERTIES}&limit=10`,
  'change by revision': `changes?revision=${REVISION}`,
  'a build': `builds/${BUILD}`,
  'a build with steps and logs': `builds/${BUILD}/summary`,
  'steps of a build': `builds/${BUILD}/steps`,
  'properties of a build': `builds/${BUILD}/properties`,
  'tests of a build': `builds/${BUILD}/test_results`,
  'build sets rebuilt from a build': `buildsets?rebuilt_buildid=${BUILD}&limit=1&order=-bsid`,
  'pending requests': 'buildrequests?limit=50&order=-priority&order=-submitted_at&claimed=false',
  'pending requests of a builder': 'buildrequests?builderid=7&claimed=false',
  'newest build sets': 'buildsets?limit=100&order=-submitted_at',
  'newest changes': 'changes?limit=50&order=-changeid',
  estimate: 'builders/1/estimate',
};

/** What no index answers. */
const EXPENSIVE: Record<string, string> = {
  'no such text': 'builds?state_string__contains=nowhere&limit=20',
  'order by text': 'builds?order=state_string&limit=20',
  'from far behind': `builds?order=-buildid&limit=20&offset=${Math.floor(BUILDS * 0.9)}`,
  'no such person': 'builds?stopped_by=nobody',
};

const world = await createWorld({
  start: false,
  workers: 2,
  maxBuilds: 1,
  builders: { live: [{ type: 'shell', name: 'noop', command: ['true'] }] },
});
try {
  const seedS = (await timed(() => seedHistory({ basedir: world.basedir, builds: BUILDS }))) / 1000;
  const stallFile = join(world.dir, 'stall');
  process.env.LOOP_STALL_FILE = stallFile;
  process.env.NODE_OPTIONS = `--import ${join(import.meta.dirname, 'loop-stall.ts')}`;
  await world.startMaster();
  delete process.env.NODE_OPTIONS;
  await Promise.all([world.startWorker(0), world.startWorker(1)]);
  const load = keepBusy(world);
  const conditions = { builds: BUILDS, rounds: ROUNDS, seedS };

  await longestStall(world, stallFile);
  await load.wait(20);
  const quiet = await longestStall(world, stallFile);

  const took = await ask(world, PAGES, ROUNDS);
  for (const [page, times] of Object.entries(took)) {
    const aim = '<= 10 ms at the 99th percentile';
    const base = { bench: 'api-history', unit: 'ms', conditions } as const;
    report({ ...base, figure: `${page}, median`, value: percentile(times, 0.5) });
    report({ ...base, figure: `${page}, 99th percentile`, value: percentile(times, 0.99), aim });
  }
  tellStall('pages', await longestStall(world, stallFile), quiet);

  const slow = await ask(world, EXPENSIVE, Math.ceil(ROUNDS / 20));
  for (const [query, times] of Object.entries(slow)) {
    const figure = `${query}, slowest`;
    report({ bench: 'api-history', figure, unit: 'ms', value: Math.max(...times), conditions });
  }
  tellStall('expensive queries', await longestStall(world, stallFile), quiet);
  const built = await load.stop();
  report({
    bench: 'api-history',
    figure: 'peak memory of the master',
    unit: 'MB',
    value: peakMb(world),
    conditions: { ...conditions, built },
  });

  function tellStall(while_: string, value: number, beside: number): void {
    const figure = `longest stall of the event loop, ${while_}`;
    const besides = { what: 'with builds alone', value: beside };
    report({ bench: 'api-history', figure, unit: 'ms', value, beside: besides, aim: '<= 20 ms', conditions });
  }
} finally {
  await world.remove();
}

/** Each query once a round, so that all of them meet the same builds. */
async function ask(
  { apiBytes }: World,
  queries: Record<string, string>,
  rounds: number,
): Promise<Record<string, number[]>> {
  const took: Record<string, number[]> = {};
  for (const name of Object.keys(queries)) took[name] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, path] of Object.entries(queries)) {
      took[name]?.push(await timed(() => apiBytes(`/api/v2/${path}`)));
    }
  }
  return took;
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** Builds all the time: as soon as one is over, the next is asked for. */
function keepBusy({ basedir, api }: World) {
  let isStopped = false;
  let asked = 0;
  const newest = async () =>
    (await api<{ builds: { buildid: number }[] }>('/api/v2/builds?order=-buildid&limit=1')).builds[0]
      ?.buildid ?? 0;
  const built = async () => (await newest()) - BUILDS;
  const params = { builderNames: ['live'], reason: 'bench' };
  const running = (async () => {
    while (!isStopped) {
      const done = await built();
      for (; asked < done + AHEAD; asked++) await rpc(basedir, 'forceschedulers/force', 'force', params);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    wait: (count: number) => until(`${count} builds`, async () => (await built()) >= count, 60_000),
    async stop() {
      isStopped = true;
      await running;
      return built();
    },
  };
}

/** Milliseconds since it was asked last. */
async function longestStall({ master }: World, file: string): Promise<number> {
  rmSync(file, { force: true });
  master?.child.kill('SIGWINCH');
  await until('the longest stall', async () => existsSync(file));
  return Number(readFileSync(file, 'utf8'));
}

function peakMb({ master }: World): number {
  const status = readFileSync(`/proc/${master?.child.pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) / 1024;
}
