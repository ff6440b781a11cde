/** Plays rounds of chaos until it is enough, and says what came of it. Exit code 0: every promise was kept. */
import { messageOf, UserError } from '@buildbot/shared';
import { type ChaosOptions, commandFor, readOptions, USAGE } from './options.ts';
import { failureText, table, totalsOf } from './report.ts';
import { type RoundResult, runRound } from './round.ts';

async function play({ until, seed, round }: ChaosOptions, signal: AbortSignal): Promise<RoundResult[]> {
  const results: RoundResult[] = [];
  const begin = performance.now();
  const isEnough = (): boolean =>
    'rounds' in until ? results.length >= until.rounds : performance.now() - begin > until.minutes * 60_000;
  while (!isEnough() && !signal.aborted) {
    const roundSeed = seed + results.length;
    const result = await runRound({ ...round, seed: roundSeed, signal }).catch((error: unknown) => {
      // What breaks because a round was ended in its middle says nothing.
      if (!signal.aborted) throw error;
      return null;
    });
    if (result === null || signal.aborted) break;
    results.push(result);
    const faults = [...result.faults.values()].reduce((sum, count) => sum + count, 0);
    const verdict = result.violations.length === 0 ? 'ok' : failureText(result, commandFor(roundSeed, round));
    console.log(
      `round ${results.length} (seed ${roundSeed}): ${result.accepted} jobs, ${faults} faults: ${verdict}`,
    );
  }
  return results;
}

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    console.log(USAGE);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const options = readOptions(process.argv.slice(2), () => Math.floor(Math.random() * 2 ** 31));
  console.log(`SEED=${options.seed} faults: ${options.round.kinds.join(', ')}`);
  const totals = totalsOf(await play(options, stop.signal));
  console.log(`\n${table(totals)}\n\n${JSON.stringify(totals)}`);
  if (stop.signal.aborted) return 130;
  return Object.values(totals.violations).every((count) => count === 0) ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.exitCode = 2;
  console.error(error instanceof UserError ? `${messageOf(error)}\n${error.hint ?? ''}` : error);
}
