/**
 * Run the tests, or those whose files match the arguments, and close with one plain line: `N passed, N failed`.
 * Under CI a skipped test counts as failed, because a missing tool there is a fault of the set-up.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'buildbot-test-'));
const report = join(folder, 'report.json');
const reporters = ['--reporter=dot', '--reporter=json', `--outputFile.json=${report}`];

const done = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0' },
});
if (!existsSync(report)) {
  console.log('0 passed, 1 failed');
  process.exit(1);
}
const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(
  readFileSync(report, 'utf8'),
);
rmSync(folder, { recursive: true });
// A file that could not even be loaded holds no test, yet it is a failure.
const broken = testResults.filter(
  (file) => file.status === 'failed' && file.assertionResults.length === 0,
).length;
const skipped = process.env.CI === 'true' ? numPendingTests : 0;
const failed = numFailedTests + broken + skipped;
if (skipped > 0) console.log(`${skipped} tests were skipped, which CI does not allow`);
console.log(`${numPassedTests} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : (done.status ?? 1));
