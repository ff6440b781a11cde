/**
 * The first useful line after a failure: from the end of the failed step (the master's clock, which is this one's) to the line of
 * `try --events` that says which tests failed, whose failure it is and where. The step leaves a report of TESTS tests, one of
 * which fails, and a log of as many lines. The base was built before, so marks are looked for among other builds. Aim: 2 s.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { program, start } from '../test/support/processes.ts';
import { createWorld, type World } from '../test/support/world.ts';
import { median, report } from './report.ts';

const ROUNDS = Number(process.argv[2] ?? 10);
const TESTS = Number(process.argv[3] ?? 5000);
const AIM_MS = 2000;

const SUITE = `#!/bin/sh
seq 1 ${TESTS} | sed 's/.*/compiling the file number &/'
{ echo '<testsuite>'
seq 1 ${TESTS} | sed 's/.*/<testcase classname="net.Net" name="test &"\\/>/'
[ -e broken ] && echo '<testcase classname="net.Net" name="mine"><failure message="net.py:7: expected 3, got 2"/></testcase>'
echo '</testsuite>'; } >report.xml
[ ! -e broken ]
`;

const world = await createWorld({
  builders: {
    linux: [
      { type: 'checkout' },
      {
        type: 'shell',
        name: 'test',
        command: ['sh', 'run.sh'],
        tests: { format: 'junit', files: ['report.xml'] },
      },
    ],
  },
  files: { 'run.sh': SUITE },
});
try {
  const work = await world.clone();
  await told(world, work);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await writeFile(join(work, 'broken'), `round ${round}\n`);
    const { waitMs, mark } = await told(world, work);
    if (waitMs === null || mark !== 'new') throw new Error(`the failure was told as ${mark}`);
    times.push(waitMs);
    await rm(join(work, 'broken'));
  }
  report({
    bench: 'failure-digest',
    figure: 'failed test told, after the end of its step',
    value: median(times),
    unit: 'ms',
    aim: `<= ${AIM_MS} ms`,
    conditions: { rounds: ROUNDS, tests: TESTS, min: Math.min(...times), max: Math.max(...times) },
  });
} finally {
  await world.remove();
}

/** Of a try that passes there is nothing to tell. */
async function told(world: World, work: string): Promise<{ waitMs: number | null; mark: string | null }> {
  let arrivedAt: number | null = null;
  const { child, finished } = start(program('cli', 'try', '--events'), { cwd: work, env: world.env });
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.includes('"event":"step_failure"')) arrivedAt ??= Date.now();
  });
  const { stdout } = await finished;
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const failure = events.find(({ event }) => event === 'step_failure')?.failure;
  const ended = events.find(({ event, results }) => event === 'step_finished' && results === 2);
  const waitMs = arrivedAt === null || ended === undefined ? null : Math.max(0, arrivedAt - ended.at);
  return { waitMs, mark: failure?.tests[0]?.mark ?? null };
}
