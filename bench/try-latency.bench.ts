/**
 * How long a developer waits: from Enter to the first painted frame, to *queued*, to *finished*, beside `ssh HOST true`
 * and the real Buildbot's `try --connect=ssh` on the same sshd. Aims: first frame within 250 ms, queued within
 * 1.5 x `ssh HOST true` + 250 ms. Every round measures everything once, so that noise falls on all alike.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from '@lydell/node-pty';
import { program, runOk, start } from '../test/support/processes.ts';
import { REAL_BUILDBOT } from '../test/support/real-buildbot.ts';
import { publicKeyOf } from '../test/support/sshd.ts';
import { createWorld, type World } from '../test/support/world.ts';
import { type Figure, median, report, timed } from './report.ts';

const ROUNDS = Number(process.argv[2] ?? 12);
const FILES = 200;
const FIRST_FRAME_AIM_MS = 250;

/** Milliseconds from the start of the program; one list per figure. */
type Times = Record<'node' | 'ssh' | 'frame' | 'painted' | 'queued' | 'finished' | 'exit' | 'real', number[]>;

const world = await createWorld({
  builders: { linux: [{ type: 'checkout' }, { type: 'shell', name: 'test', command: ['true'] }] },
  files: Object.fromEntries(Array.from({ length: FILES }, (_, i) => [`file-${i}.txt`, `${i}\n`.repeat(40)])),
});
try {
  tell(await measure(world));
} finally {
  await world.remove();
}

async function measure(world: World): Promise<Times> {
  const work = await world.clone();
  const key = await world.ssh.newKey('shell');
  await world.sshd.authorize(await publicKeyOf(key));
  await world.ssh.addHost('shell', { ...world.sshd, clientKey: key });
  const times: Times = {
    node: [],
    ssh: [],
    frame: [],
    painted: [],
    queued: [],
    finished: [],
    exit: [],
    real: [],
  };
  const realTry = existsSync(REAL_BUILDBOT) ? await realTryArgv(world) : null;
  // Round -1 warms caches and is not counted.
  for (let round = -1; round < ROUNDS; round++) {
    await writeFile(join(work, 'file-7.txt'), `changed in round ${round}\n`);
    const node = await timed(() => runOk([process.execPath, '-e', '0']));
    const ssh = await timed(() => runOk(['ssh', '-F', world.ssh.configFile, 'shell', 'true']));
    const events = await eventTimes(world, work);
    const screen = await screenTimes(world, work);
    const real = realTry && (await timed(() => runOk(realTry, { cwd: work, env: world.env })));
    if (round < 0) continue;
    for (const [name, ms] of Object.entries({ node, ssh, ...events, ...screen, real })) {
      if (ms !== null) times[name as keyof Times].push(ms);
    }
  }
  return times;
}

/** Job files of the real client go through its own `tryserver` to a directory that nobody looks into. */
async function realTryArgv({ dir, ssh, upstream }: World): Promise<string[]> {
  const jobdir = join(dir, 'real-jobdir');
  for (const folder of ['tmp', 'new', 'cur']) await mkdir(join(jobdir, folder), { recursive: true });
  const where = ['--connect=ssh', '--ssh', `ssh -F ${ssh.configFile}`, '--host', 'shell', '--jobdir', jobdir];
  const what = ['--buildbotbin', REAL_BUILDBOT, '--vc', 'git', '-b', 'linux', '--repository', upstream];
  return [REAL_BUILDBOT, 'try', ...where, ...what];
}

/** When the lines of `--events` arrive. */
async function eventTimes(world: World, work: string): Promise<Record<'queued' | 'finished', number>> {
  const begin = performance.now();
  const seen = new Map<string, number>();
  const { child, finished } = start(program('cli', 'try', '--events'), { cwd: work, env: world.env });
  child.stdout?.on('data', (chunk: Buffer) => {
    for (const [, event] of chunk.toString().matchAll(/"event":"(queued|finished)"/g)) {
      if (event !== undefined) seen.set(event, performance.now() - begin);
    }
  });
  const { code, stdout, stderr } = await finished;
  const [queued, ended] = [seen.get('queued'), seen.get('finished')];
  if (code !== 0 || queued === undefined || ended === undefined)
    throw new Error(`${code}: ${stdout}${stderr}`);
  return { queued, finished: ended };
}

/** What a terminal gets: its first bytes, the live block that follows them, and the end of the program. */
function screenTimes(world: World, work: string): Promise<Record<'frame' | 'painted' | 'exit', number>> {
  const [file, ...args] = program('cli', 'try');
  const begin = performance.now();
  const own: Record<string, string | undefined> = { ...process.env, ...world.env, TERM: 'xterm-256color' };
  const { CI: _, ...env } = own;
  const pty = spawn(file as string, args, {
    cols: 100,
    rows: 30,
    cwd: work,
    env: env as Record<string, string>,
  });
  let output = '';
  let frame: number | undefined;
  let painted: number | undefined;
  pty.onData((text) => {
    output += text;
    frame ??= performance.now() - begin;
    // The screen hides the cursor when it takes over.
    if (output.includes('\u001b[?25l')) painted ??= performance.now() - begin;
  });
  return new Promise((resolve, reject) => {
    pty.onExit(({ exitCode }) => {
      const exit = performance.now() - begin;
      if (exitCode !== 0 || frame === undefined) reject(new Error(`${exitCode}: ${output}`));
      else resolve({ frame, painted: painted ?? Number.NaN, exit });
    });
  });
}

function tell(times: Times): void {
  const ssh = { what: 'ssh HOST true', value: median(times.ssh) };
  const node = { what: 'node -e 0', value: median(times.node) };
  const conditions = { rounds: ROUNDS, files: FILES, builders: 1, steps: 'git, true' };
  const line = (figure: string, values: number[], more: Pick<Figure, 'beside' | 'aim'>): void =>
    report({
      bench: 'try-latency',
      figure,
      value: median(values),
      unit: 'ms',
      ...more,
      conditions: {
        ...conditions,
        min: Math.round(Math.min(...values)),
        max: Math.round(Math.max(...values)),
      },
    });
  const aim = `<= ${Math.round(1.5 * ssh.value + 250)} ms`;
  line('ssh HOST true', times.ssh, { beside: node });
  line('first painted frame', times.frame, { beside: node, aim: `<= ${FIRST_FRAME_AIM_MS} ms` });
  line('live screen', times.painted, { beside: node });
  line('queued', times.queued, { beside: ssh, aim });
  line('finished', times.finished, { beside: ssh });
  line('finished and exited, on a terminal', times.exit, { beside: ssh });
  if (times.real.length > 0) {
    line("real Buildbot's try, start to exit", times.real, { beside: ssh });
  }
}
