/** `node --conditions=source test/simulation/run.ts [--seed N] [--count N] [--trace]`: simulate, and say what broke. */
import { parseArgs } from 'node:util';
import { reproduction, simulate } from './simulate.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    count: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
let builds = 0;
for (let seed = first; seed < first + Number(values.count); seed++) {
  const trace = values.trace ? { trace: (line: string) => console.log(line) } : {};
  const result = await simulate({ seed, ...trace });
  builds += result.builds;
  if (values.trace || Number(values.count) === 1) console.log(result);
  if (result.violation !== null) {
    console.log(`${result.violation}\n${reproduction(seed)}`);
    process.exitCode = 1;
  }
}
const { user, system } = process.cpuUsage();
const minutes = (user + system) / 60e6;
console.log(`${builds} builds, ${Math.round(builds / minutes)} per CPU minute`);
