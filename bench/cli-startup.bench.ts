/** How long a light command takes, beside bare Node. Aim: at most 150 ms (real Buildbot: about 360 ms). */
import { program, run } from '../test/support/processes.ts';
import { median, report, timed } from './report.ts';

const RUNS = 15;

async function series(argv: string[]): Promise<number> {
  await run(argv);
  const times: number[] = [];
  for (let i = 0; i < RUNS; i++) times.push(await timed(() => run(argv)));
  return median(times);
}

const bare = await series([process.execPath, '-e', '0']);
const commands = {
  '--version': program('cli', '--version'),
  '--help': program('cli', '--help'),
  'try --help': program('cli', 'try', '--help'),
  'completion bash': program('cli', 'completion', 'bash'),
  'tryserver (usage error)': program('cli', 'tryserver'),
  'buildbot-master --version': program('master', '--version'),
  'buildbot-worker --version': program('worker', '--version'),
};
for (const [figure, argv] of Object.entries(commands)) {
  const value = await series(argv);
  const beside = { what: 'node -e 0', value: bare };
  report({
    bench: 'cli-startup',
    figure,
    value,
    unit: 'ms',
    beside,
    aim: '<= 150 ms',
    conditions: { runs: RUNS },
  });
}
