/**
 * 200 MB of output through worker, link, store and back out, beside the same command writing to a file. Aims: at least
 * 100 MB/s, every process under 200 MB of memory whatever the size of the log. `log-throughput 1024` is requirement M3.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peakMemory, processesWith } from '../test/support/memory.ts';
import { program, runOk, until } from '../test/support/processes.ts';
import { createWorld, type World } from '../test/support/world.ts';
import { cpuMs, type Figure, report, timed } from './report.ts';
import { rpc } from './rpc.ts';

const MEGABYTES = Number(process.argv[2] ?? 200);

/**
 * Lines as a compiler prints them: alike, never equal. A block of them is made once, many times larger than what is
 * compressed at once, and its numbers are counted up in place: the machine works for the log and not for its author.
 * The SHA-256 goes to a file beside it.
 */
const EMITTER = `
const { createHash } = require('node:crypto');
const { writeSync, writeFileSync } = require('node:fs');
const WIDTH = 80, LINES = 32_768;
const line = (n) => \`[0000000000] CC src/module-\${n % 977}/file-\${(n * 7919) % 10007}.c -o build/\${(n * 104729) % 65521}.o\`.padEnd(WIDTH - 1) + '\\n';
const block = Buffer.from(Array.from({ length: LINES }, (_, n) => line(n)).join(''));
const hash = createHash('sha256');
let number = 0;
for (let left = ${MEGABYTES} * 1e6; left > 0; left -= block.length) {
  for (let at = 0; at < block.length; at += WIDTH) {
    for (let digit = at + 10, rest = ++number; rest > 0; digit--) {
      block[digit] = 48 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
  const piece = block.subarray(0, Math.min(left, block.length));
  hash.update(piece);
  for (let at = 0; at < piece.length; ) at += writeSync(1, piece, at);
}
writeFileSync(process.argv[2], hash.digest('hex'));
`;

const folder = await mkdtemp(join(tmpdir(), 'emit-'));
const emitter = join(folder, 'emit.cjs');
const sum = join(folder, 'sum');
await writeFile(emitter, EMITTER);
const intoFile = ['sh', '-c', '"$0" "$1" "$2" > "$3"', process.execPath, emitter, sum, join(folder, 'out')];
const fileMs = await timed(() => runOk(intoFile));
const step = { type: 'shell', name: 'emit', command: [process.execPath, emitter, sum] };
const world = await createWorld({ builders: { big: [step] } });
try {
  await measure(world);
} finally {
  await world.remove();
  await rm(folder, { recursive: true });
}

async function measure(world: World): Promise<void> {
  const { basedir, api, master, workers } = world;
  const [masterPid, workerPid] = [master?.child.pid as number, workers[0]?.child.pid as number];
  const before = { master: cpuMs(masterPid), worker: cpuMs(workerPid) };
  await rpc(basedir, 'forceschedulers/force', 'force', { builderNames: ['big'], reason: 'bench' });
  const finished = async () => (await api<{ builds: Build[] }>('/api/v2/builds?complete=true')).builds[0];
  const build = await until('the build', finished, 300_000);
  const conditions = { megabytes: MEGABYTES, results: build.results };
  const tell = (figure: string, value: number, unit: Figure['unit'], more: Partial<Figure> = {}): void =>
    report({ bench: 'log-throughput', figure, value, unit, conditions, ...more });
  const masterCpuMs = cpuMs(masterPid) - before.master;
  const workerCpuMs = cpuMs(workerPid) - before.worker;
  const seconds = (build.complete_at_ms - build.started_at_ms) / 1000;
  const beside = { what: 'the same command into a file', value: MEGABYTES / (fileMs / 1000) };
  const cpu = { conditions: { ...conditions, masterCpuMs, workerCpuMs } };
  tell('in', MEGABYTES / seconds, 'MB/s', { beside, aim: '>= 100 MB/s', ...cpu });
  const read = await readBack(basedir);
  const exact = read.sha256 === (await runOk(['cat', sum]));
  tell('out', MEGABYTES / (read.ms / 1000), 'MB/s', { conditions: { ...conditions, exact } });
  tell('first byte out', read.firstMs, 'ms');
  const far = await readOverSsh(world);
  const farExact = { conditions: { ...conditions, exact: far.sha256 === read.sha256 } };
  tell('out over SSH, buildbot log --raw', MEGABYTES / (far.ms / 1000), 'MB/s', farExact);
  const peaks = { master: await peakMemory(masterPid), worker: await peakMemory(workerPid), ...far.peaks };
  for (const [name, peak] of Object.entries(peaks))
    tell(`${name} peak memory`, peak, 'MB', { aim: '< 200 MB' });
}

interface Build {
  started_at_ms: number;
  complete_at_ms: number;
  results: number;
}

/** What a developer far away does to see it all. */
async function readOverSsh(world: World) {
  const [node, ...args] = program('cli', 'log', '1', 'emit', '--raw') as [string, ...string[]];
  const cwd = await world.clone();
  const begin = performance.now();
  const child = spawn(node, args, { cwd, env: world.env, stdio: ['ignore', 'pipe', 'inherit'] });
  const hash = createHash('sha256');
  child.stdout.on('data', (chunk: Buffer) => hash.update(chunk));
  const peaks = { 'buildbot log': 0, tryserver: 0 };
  const look = async (): Promise<void> => {
    const [pid = 0] = await processesWith('tryserver', world.jobdir);
    peaks.tryserver = Math.max(peaks.tryserver, await peakMemory(pid));
    peaks['buildbot log'] = Math.max(peaks['buildbot log'], await peakMemory(child.pid as number));
  };
  const looking = setInterval(look, 100);
  await once(child, 'close');
  clearInterval(looking);
  return { ms: performance.now() - begin, sha256: hash.digest('hex'), peaks };
}

function readBack(basedir: string): Promise<{ ms: number; firstMs: number; sha256: string }> {
  const begin = performance.now();
  return new Promise((resolve, reject) => {
    const hash = createHash('sha256');
    let firstMs = 0;
    const call = request(
      { socketPath: join(basedir, 'master.sock'), path: '/api/v2/logs/1/raw' },
      (response) => {
        response.on('data', (chunk: Buffer) => {
          if (firstMs === 0) firstMs = performance.now() - begin;
          hash.update(chunk);
        });
        response.on('end', () =>
          resolve({ ms: performance.now() - begin, firstMs, sha256: hash.digest('hex') }),
        );
        response.on('error', reject);
      },
    );
    call.on('error', reject);
    call.end();
  });
}
