/** Each kind of report, as its tools write it, and whatever else a program that is tested may write. */
import { isPrintableLine, TEST_FORMATS, type TestFormat } from '@buildbot/shared';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MESSAGE_LINES } from './report.ts';
import { SAMPLES } from './samples.ts';
import { shownTests, testsIn } from './testing-reports.ts';

const READ: Readonly<Record<TestFormat, readonly string[]>> = {
  junit: [
    '✔ net.Net.connects',
    '✗ net.Net.times & out net_test.cc:88 | expected 3, got 2 | net_test.cc:88: here',
    '✗ src/a.test.ts > suite > works | boom',
  ],
  tap: [
    '✔ math > adds',
    "✗ math > divides /src/math.test.js:7 | 'expected 2'",
    "✗ perl t/basic.t:5 |   Failed test 'perl' |   at t/basic.t line 5.",
  ],
  pytest: [
    '✔ tests/test_net.py::test_connect',
    '✔ tests/test_b.py::test_b',
    '✗ tests/test_net.py::TestNet::test_timeout[1] tests/test_net.py:12 | >       assert wait() == 3 | E       assert 2 == 3 | tests/test_net.py:12: AssertionError',
    '✗ tests/test_c.py tests/test_c.py | ImportError: no module named x',
  ],
  gotest: [
    '✔ example.org/net.TestOpen',
    '✗ example.org/net.TestNet/timeout net_test.go:42 | net_test.go:42: expected 3, got 2',
    '✔ example.org/net.TestNet/close',
    '✗ example.org/broken (package) broken.go:3 | # example.org/broken [example.org/broken.test] | ./broken.go:3:2: undefined: x',
  ],
  vitest: [
    '✔ src/a.test.ts > math > adds',
    '✗ src/a.test.ts > math > divides src/a.test.ts:12 | AssertionError: expected 2 to be 3 |  ❯ src/a.test.ts:12:20',
  ],
  gtest: [
    '✔ Net.Connects',
    '✗ Net.Timeout net_test.cc:88 | net_test.cc:88: Failure | Expected equality of these values: 3, 2',
    '✗ Net.Crashes | terminate called',
  ],
};

/** Skipped tests of each sample. */
const SKIPPED: Readonly<Record<TestFormat, number>> = {
  junit: 1,
  tap: 2,
  pytest: 1,
  gotest: 1,
  vitest: 1,
  gtest: 1,
};

describe.each([...TEST_FORMATS])('%s', (format) => {
  test('tells which tests passed, which failed, where and why', () => {
    expect(shownTests(format, SAMPLES[format])).toEqual(READ[format]);
    expect(testsIn(format, SAMPLES[format]).counts.skipped).toBe(SKIPPED[format]);
  });

  test('is the same in pieces of any size', () => {
    const whole = testsIn(format, SAMPLES[format]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (size) => {
        expect(testsIn(format, SAMPLES[format], { size }).tests).toEqual(whole.tests);
      }),
      { numRuns: 40 },
    );
  });

  test('is read in the middle of any other output', () => {
    const noise = 'make: entering\n\u001b[31mred\u001b[0m <b\n';
    if (format === 'junit') return;
    const found = shownTests(format, `${noise}${SAMPLES[format]}\n${noise}`);
    // The last test of GoogleTest's sample takes the program with it: what follows is its last word.
    expect(found.length).toBe(READ[format].length);
  });

  test('takes any bytes for what they are', () => {
    const words = [...SAMPLES[format].matchAll(/\S+\s?/g)].map(([word]) => word);
    const pieces = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.constantFrom(...words, '\n', '    ').map((word) => Buffer.from(word)),
    );
    const input = fc.record({
      pieces: fc.array(pieces, { maxLength: 60 }),
      size: fc.integer({ min: 1, max: 99 }),
    });
    fc.assert(
      fc.property(input, (hostile) => {
        const bytes = Buffer.concat(hostile.pieces);
        const { tests, counts } = testsIn(format, bytes, {
          size: hostile.size,
          hasFiles: hostile.size % 2 === 0,
        });
        expect(new Set(tests.map(({ name }) => name)).size).toBe(tests.length);
        expect(counts.passed + counts.failed).toBe(tests.length);
        for (const found of tests) {
          const texts = [found.name, found.path ?? '', ...found.message];
          expect(texts.filter((text) => text !== '' && !isPrintableLine(text))).toEqual([]);
          expect(found.message.length).toBeLessThanOrEqual(MESSAGE_LINES);
          expect(found.line ?? 1).toBeGreaterThan(0);
        }
      }),
      { numRuns: 150 },
    );
  });
});

describe('JUnit', () => {
  test('that ends in the middle is a failure of its own', () => {
    const cut = SAMPLES.junit.slice(0, SAMPLES.junit.indexOf('<system-out>'));
    expect(shownTests('junit', cut).at(-1)).toBe('✗ (report) | the report ends in the middle');
  });

  test('is read from several files, one of which is cut', () => {
    const files = `\u001ea.xml\n<testsuite><testcase name="a"/>\u001eb.xml\n<testsuite><testcase name="b"/></testsuite>`;
    expect(shownTests('junit', files, { hasFiles: true })).toEqual([
      '✔ a',
      '✗ (report) | the report ends in the middle',
      '✔ b',
    ]);
  });

  test('knows no entities but those of every document', () => {
    const bomb =
      '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]><testcase name="&a;&b;&#65;&#x110000;"/>';
    expect(shownTests('junit', bomb)).toEqual(['✔ &a;&b;A&#x110000;']);
  });

  test('keeps a failure whose message is longer than any limit', () => {
    const long = `<testcase name="a"><failure message="why ${'x'.repeat(300_000)}"/></testcase><testcase name="b"/>`;
    const { tests, counts } = testsIn('junit', long, { size: 1000 });
    expect(counts).toEqual({ passed: 1, failed: 1, skipped: 0 });
    expect(tests[0]?.message[0]).toMatch(/^why x+…$/);
  });
});

test('a test named twice has failed when one of the two has', () => {
  const twice =
    '<testcase name="a"/><testcase name="a"><failure message="no"/></testcase><testcase name="a"/>';
  const { tests, counts } = testsIn('junit', twice);
  expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 });
  expect(tests).toMatchObject([{ name: 'a', outcome: 'failed', message: ['no'] }]);
});

test('TAP that is shorter than its plan, or gives up, is a failure of its own', () => {
  expect(shownTests('tap', '1..3\nok 1 - a\nok 2\n')).toEqual([
    '✔ a',
    '✔ test 2',
    '✗ (plan) | planned 3 tests, 2 ran',
  ]);
  expect(shownTests('tap', 'ok 1 - a\nBail out! no database\n').at(-1)).toBe(
    '✗ (plan) | Bail out! no database',
  );
});

test('the events of go test -json are read like its lines', () => {
  const lines = SAMPLES.gotest.split('\n').slice(0, -1);
  const events = lines.map((line) => JSON.stringify({ Action: 'output', Output: `${line}\n` }));
  expect(shownTests('gotest', events.join('\n'))).toEqual(READ.gotest);
});

test('a Go test that takes its program with it has failed', () => {
  const panic = '=== RUN   TestA\npanic: no\n\ngoroutine 6\nFAIL\texample.org/a\t0.1s\n';
  expect(shownTests('gotest', panic)[0]).toMatch(/^✗ example\.org\/a\.TestA/);
});

test('far more tests than anybody reads are counted, and those that failed kept', () => {
  const many = Array.from({ length: 30_000 }, (_, i) => `ok ${i} - t${i}`);
  const { tests, counts } = testsIn('tap', [...many, 'not ok 30000 - last', ''].join('\n'));
  expect(counts).toEqual({ passed: 30_000, failed: 1, skipped: 0 });
  expect(tests.length).toBe(20_001);
  expect(tests.at(-1)?.outcome).toBe('failed');
});
