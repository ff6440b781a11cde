/**
 * "Was it me?" over a real sshd: three projects whose tests tell of themselves in three ways, a base on which one test always
 * fails and one comes and goes, and a developer who breaks another.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { until } from '../support/processes.ts';
import { createWorld, type World } from '../support/world.ts';

/** `flaky` fails in every other build, `mine` when the developer has broken it. */
const SUITE = `. ./state
case $((N % 2)) in 0) flaky=pass ;; *) flaky=fail ;; esac
for test in mine:$mine flaky:$flaky always:fail good:pass; do
  name=\${test%:*}; outcome=\${test#*:}; i=$((i + 1))
  $1 $i $name $outcome
done
`;
const FILES = {
  state: 'mine=pass\n',
  'tap.sh': `tap() {
  [ $3 = pass ] && echo "ok $1 - $2" || printf 'not ok %s - %s\\n  ---\\n  location: src/net.js:%s:1\\n  ...\\n' $1 $2 $1
}
echo 1..4
set -- tap
${SUITE}
exit 1
`,
  'junit.sh': `junit() {
  printf '<testcase classname="net.Net" name="%s">' $2
  [ $3 = pass ] || printf '<failure message="net.py:%s: expected 3, got 2"/>' $1
  echo '</testcase>'
}
set -- junit
mkdir -p reports
{ echo '<testsuite name="net">'
${SUITE}
echo '</testsuite>'; } >reports/net.xml
exit 1
`,
  'pytest.sh': `pytest() {
  [ $3 = pass ] && echo "tests/test_net.py::test_$2 PASSED [ 25%]" || echo "tests/test_net.py::test_$2 FAILED [ 25%]"
}
set -- pytest
${SUITE}
echo '=================================== FAILURES ==================================='
for name in mine flaky always; do
  printf '____ test_%s ____\\n>       assert 2 == 3\\nE       assert 2 == 3\\n\\ntests/test_net.py:7: AssertionError\\n' $name
done
echo '=========================== short test summary info ============================'
exit 1
`,
};
const NAMES: Readonly<Record<string, (name: string) => string>> = {
  tap: (name) => name,
  junit: (name) => `net.Net.${name}`,
  pytest: (name) => `tests/test_net.py::test_${name}`,
};
const PLACES: Readonly<Record<string, string>> = {
  tap: 'src/net.js:1',
  junit: 'net.py:1',
  pytest: 'tests/test_net.py:7',
};

interface Failure {
  testsFailed: number;
  tests: { name: string; mark: string; path: string | null; line: number | null }[];
}
interface Result {
  exitCode: number;
  result: string;
  builds: { builder: string; buildId: number; steps: { name: string; failure: Failure | null }[] }[];
}

let world: World;
let work: string;
let flags: string;

beforeAll(async () => {
  flags = await mkdtemp(join(tmpdir(), 'was-it-me-'));
  const env = { N: '%(prop:buildnumber)s' };
  const step = (format: string, files?: string[]) => ({
    ...{ type: 'shell', name: 'test', command: ['sh', `${format}.sh`], env },
    tests: { format, ...(files === undefined ? {} : { files }) },
  });
  const wait = `while [ ! -e ${flags}/go ]; do sleep 0.05; done`;
  world = await createWorld({
    files: FILES,
    maxBuilds: 3,
    builders: {
      tap: [
        { type: 'checkout' },
        step('tap'),
        { type: 'shell', name: 'tidy', command: wait, alwaysRun: true },
      ],
      junit: [{ type: 'checkout' }, step('junit', ['reports/*.xml'])],
      pytest: [{ type: 'checkout' }, step('pytest')],
    },
  });
  work = await world.clone();
  await letGo();
  // What the base is: the working copy as it was cloned, twice.
  for (const _ of [1, 2]) expect((await world.buildbot(work, ['try', '--quiet'])).code).toBe(1);
});

afterAll(async () => {
  await world.remove();
  await rm(flags, { recursive: true, force: true });
});

const letGo = () => writeFile(join(flags, 'go'), '');
const breakIt = (isBroken: boolean) =>
  writeFile(join(work, 'state'), `mine=${isBroken ? 'fail' : 'pass'} # mine\n`);

test('a try that breaks a test is told which one, apart from what fails without it', async () => {
  await breakIt(true);
  await rm(join(flags, 'go'));
  const running = world.startBuildbot(work, ['try', '--events', '--new-only']);
  // Told while the build still runs: its last step waits for it.
  const told = await running.says(/^.*"event":"step_failure".*"builder":"tap".*$/m);
  expect(told[0]).toContain('"mark":"new"');
  await letGo();
  const { code, stdout } = await running.finished;
  expect(code).toBe(1);
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const failures = events.filter(({ event }) => event === 'step_failure');
  expect(failures).toHaveLength(3);
  for (const { build, failure } of failures) {
    const name = NAMES[build.builder] as (name: string) => string;
    const marks = (failure as Failure).tests.map((one) => [one.name, one.mark]);
    expect(marks, build.builder).toEqual([
      [name('mine'), 'new'],
      [name('flaky'), 'flaky'],
      [name('always'), 'also-on-base'],
    ]);
    const [mine] = (failure as Failure).tests;
    expect(`${mine?.path}:${mine?.line}`).toBe(PLACES[build.builder]);
    const excerpt = events.find((one) => one.event === 'log_excerpt' && one.build.buildId === build.buildId);
    expect(excerpt?.lines.length ?? 0).toBeLessThanOrEqual(20);
  }
});

test('--new-only passes a try in which all that fails fails without it, too, and says so', async () => {
  await letGo();
  await breakIt(false);
  const strict = await world.buildbot(work, ['try', '--json', '-b', 'junit']);
  expect([strict.code, (JSON.parse(strict.stdout) as Result).result]).toEqual([1, 'failure']);
  const lenient = await world.buildbot(work, ['try', '--new-only']);
  expect(lenient.code).toBe(0);
  expect(lenient.stdout).toMatch(/✗ try #\d+ failed in .*, nothing of it is new/);
  for (const [builder, name] of Object.entries(NAMES)) {
    expect(lenient.stdout).toMatch(
      new RegExp(`✗ ${builder}/\\d+ › test › \\S*${name('always')}  ALSO ON BASE`),
    );
  }
  const again = await world.buildbot(work, ['log', 'junit/1']);
  expect(again.stderr).toContain('net.Net.always  ALSO ON BASE');
});

test('results of tests are read where Buildbot has them', async () => {
  const { test_results } = await world.api<{ test_results: Record<string, unknown>[] }>(
    '/api/v2/builders/junit/builds/1/test_results?order=test_name',
  );
  expect(test_results.map(({ test_name, value }) => [test_name, value])).toEqual([
    ['net.Net.always', '0'],
    ['net.Net.flaky', '0'],
    ['net.Net.good', '1'],
    ['net.Net.mine', '1'],
  ]);
  await until('the reports to be read as a log', async () => {
    const raw = await world.apiBytes('/api/v2/builders/junit/builds/1/steps/test/logs/test_reports/raw');
    return raw.toString().includes('\u001ereports/net.xml\n<testsuite name="net">');
  });
});
