/**
 * Simulated builds per processor minute, all faults and invariants included (`test/simulation`). Aim: 10,000, so that an
 * hour of a night holds half a million.
 */
import { simulate } from '../test/simulation/simulate.ts';
import { report } from './report.ts';

const STORIES = Number(process.argv[2] ?? 200);

const begin = process.cpuUsage();
let builds = 0;
let faults = 0;
let virtualSeconds = 0;
for (let seed = 1; seed <= STORIES; seed++) {
  const result = await simulate({ seed });
  if (result.violation !== null) throw new Error(`seed ${seed}: ${result.violation}`);
  builds += result.builds;
  faults += result.faults;
  virtualSeconds += result.seconds;
}
const { user, system } = process.cpuUsage(begin);
report({
  bench: 'simulation',
  figure: 'builds per processor minute',
  value: builds / ((user + system) / 60e6),
  unit: '1/min',
  aim: '>= 10000/min',
  conditions: { stories: STORIES, builds, faults, virtualHours: virtualSeconds / 3600 },
});
