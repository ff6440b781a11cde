/**
 * How long a light command takes, beside bare Node. Aim: at most 150 ms (real Buildbot: about 360 ms). Every round measures
 * everything once, so that noise falls on all alike; processor time says what is left of it when others use the machine.
 */
import { program, run } from '../test/support/processes.ts';
import { childCpuMs, median, report, timed } from './report.ts';

const ROUNDS = Number(process.argv[2] ?? 15);
const BARE = 'node -e 0';

const commands: Record<string, string[]> = {
  [BARE]: [process.execPath, '-e', '0'],
  '--version': program('cli', '--version'),
  '--help': program('cli', '--help'),
  'try --help': program('cli', 'try', '--help'),
  'completion bash': program('cli', 'completion', 'bash'),
  'tryserver (usage error)': program('cli', 'tryserver'),
  'buildbot-master --version': program('master', '--version'),
  'buildbot-worker --version': program('worker', '--version'),
};
const times: Record<string, number[]> = {};
const cpu: Record<string, number> = {};
// Round -1 warms caches and is not counted.
for (let round = -1; round < ROUNDS; round++) {
  for (const [figure, argv] of Object.entries(commands)) {
    const before = childCpuMs();
    const ms = await timed(() => run(argv));
    if (round < 0) continue;
    times[figure] = [...(times[figure] ?? []), ms];
    cpu[figure] = (cpu[figure] ?? 0) + childCpuMs() - before;
  }
}
const medianOf = (figure: string): number => median(times[figure] ?? []);
for (const figure of Object.keys(commands)) {
  report({
    bench: 'cli-startup',
    figure,
    value: medianOf(figure),
    unit: 'ms',
    ...(figure === BARE ? {} : { beside: { what: BARE, value: medianOf(BARE) }, aim: '<= 150 ms' }),
    conditions: {
      rounds: ROUNDS,
      min: Math.round(Math.min(...(times[figure] ?? []))),
      cpuMs: Math.round((cpu[figure] ?? 0) / ROUNDS),
    },
  });
}
