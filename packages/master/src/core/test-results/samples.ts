/** Test support: a piece of what each kind of report looks like, with tests that pass, fail and are skipped. */
import type { TestFormat } from '@buildbot/shared';

export const SAMPLES: Readonly<Record<TestFormat, string>> = {
  junit: `<?xml version="1.0" encoding="UTF-8"?>
<!-- written by a tool -->
<testsuites><testsuite name="net" tests="4">
  <properties><property name="a" value="&lt;b&gt;"/></properties>
  <testcase classname="net.Net" name="connects" time="0.25"/>
  <testcase classname="net.Net" name="times &amp; out" file="net.py" line="12" time="1">
    <failure message="expected 3, got 2" type="AssertionError">expected 3, got 2
net_test.cc:88: here</failure>
    <system-out><![CDATA[<testcase name="not one"/>]]></system-out>
  </testcase>
  <testcase classname="net.Net" name="skipped"><skipped/></testcase>
  <testcase classname="src/a.test.ts" name="suite &gt; works"><error message="boom"/></testcase>
</testsuite></testsuites>
`,
  // `# SKIP` and `# TODO` are TAP's own words for a test whose result does not count.
  tap: `TAP version 13
# Subtest: math
    # Subtest: adds
    ok 1 - adds
      ---
      duration_ms: 1.5
      ...
    # Subtest: divides
    not ok 2 - divides
      ---
      duration_ms: 2
      location: '/src/math.test.js:7:3'
      error: 'expected 2'
      ...
    1..2
not ok 1 - math
  ---
  error: '1 subtest failed'
  ...
ok 2 - plain # SKIP no network
ok 3 - todo # TODO later
not ok 4 - perl
#   Failed test 'perl'
#   at t/basic.t line 5.
1..4
`,
  pytest: `============================= test session starts ==============================
collected 4 items

tests/test_net.py::test_connect PASSED                                   [ 25%]
tests/test_net.py::TestNet::test_timeout[1] FAILED                       [ 50%]
tests/test_net.py::test_later SKIPPED (no network)                       [ 75%]
[gw1] [100%] PASSED tests/test_b.py::test_b

=================================== FAILURES ===================================
____________________________ TestNet.test_timeout[1] ____________________________

self = <tests.test_net.TestNet object>

    def test_timeout(self):
>       assert wait() == 3
E       assert 2 == 3

tests/test_net.py:12: AssertionError
=========================== short test summary info ============================
FAILED tests/test_net.py::TestNet::test_timeout[1] - assert 2 == 3
ERROR tests/test_c.py - ImportError: no module named x
==================== 1 failed, 2 passed, 1 skipped in 0.12s ====================
`,
  gotest: `=== RUN   TestOpen
--- PASS: TestOpen (0.01s)
=== RUN   TestNet
=== RUN   TestNet/timeout
    net_test.go:42: expected 3, got 2
--- FAIL: TestNet (0.10s)
    --- FAIL: TestNet/timeout (0.10s)
    --- PASS: TestNet/close (0.00s)
--- SKIP: TestLater (0.00s)
FAIL
FAIL\texample.org/net\t0.112s
# example.org/broken [example.org/broken.test]
./broken.go:3:2: undefined: x
FAIL\texample.org/broken [build failed]
ok  \texample.org/fine\t0.1s
FAIL
`,
  vitest: ` RUN  v5.1.1 /src

 ✓ src/a.test.ts > math > adds 2ms
 × src/a.test.ts > math > divides 5ms
   → expected 2 to be 3
 ↓ src/a.test.ts > math > later

⎯⎯⎯⎯⎯⎯⎯ Failed Tests 1 ⎯⎯⎯⎯⎯⎯⎯

 FAIL  src/a.test.ts > math > divides
AssertionError: expected 2 to be 3
 ❯ src/a.test.ts:12:20
⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯⎯[1/1]⎯

 Test Files  1 failed (1)
`,
  gtest: `[==========] Running 4 tests from 1 test suite.
[ RUN      ] Net.Connects
[       OK ] Net.Connects (3 ms)
[ RUN      ] Net.Timeout
net_test.cc:88: Failure
Expected equality of these values: 3, 2
[  FAILED  ] Net.Timeout, where GetParam() = 1 (12 ms)
[ RUN      ] Net.Later
[  SKIPPED ] Net.Later (0 ms)
[ RUN      ] Net.Crashes
terminate called
`,
};
