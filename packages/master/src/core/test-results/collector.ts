/**
 * Gathers the tests of one step: each name once, texts fit for a terminal, and no more than a step may have. Tests of one
 * name count as one that failed if any of them did, for nobody could tell them apart later.
 */
import { sanitizeName, type TestCase, type TestCounts } from '@buildbot/shared';
import { type FoundTest, MESSAGE_LINES } from './report.ts';

const NAME_UNITS = 500;
const LINE_UNITS = 400;
/** Far more than a person will look at, and few enough to compare builds by. */
const MOST_PASSED = 20_000;
const MOST_FAILED = 2000;
const MOST_SECONDS = 10_000_000;

export class TestCollector {
  readonly #tests = new Map<string, TestCase>();
  readonly #counts: TestCounts = { passed: 0, failed: 0, skipped: 0 };
  readonly #kept = { passed: 0, failed: 0 };
  readonly #tree: string | null;

  /** `tree`: the end of the path of the folder that the tests ran in; what is below it is called from there. */
  constructor(tree: string | null = null) {
    this.#tree = tree === null ? null : `/${tree}/`;
  }

  #testCase(name: string, found: FoundTest): TestCase {
    const { path = null } = found;
    const at = this.#tree === null ? -1 : (path?.lastIndexOf(this.#tree) ?? -1);
    const below = at < 0 ? path : (path?.slice(at + (this.#tree?.length ?? 0)) ?? null);
    return testCase(name, { ...found, path: below });
  }

  add(found: FoundTest): void {
    const name = sanitizeName(found.name.trim() || '(no name)', { maxLength: NAME_UNITS });
    const before = this.#tests.get(name);
    if (before === undefined) this.#addNew(name, found);
    else if (found.outcome === 'failed') this.#failAgain(before, found);
  }

  #failAgain(before: TestCase, found: FoundTest): void {
    const { name } = before;
    if (before.outcome !== 'failed') {
      this.#counts.passed--;
      this.#counts.failed++;
    }
    // Some say first that it failed and later why.
    if (before.outcome !== 'failed' || before.message.length === 0)
      this.#tests.set(name, this.#testCase(name, found));
  }

  #addNew(name: string, found: FoundTest): void {
    const { outcome } = found;
    this.#counts[outcome]++;
    if (outcome === 'skipped' || this.#kept[outcome] >= (outcome === 'failed' ? MOST_FAILED : MOST_PASSED))
      return;
    this.#kept[outcome]++;
    this.#tests.set(name, this.#testCase(name, found));
  }

  /** How many there were, also of those that are not kept. */
  get counts(): TestCounts {
    return { ...this.#counts };
  }

  /** Those that passed or failed, in the order of the report. */
  get tests(): TestCase[] {
    return [...this.#tests.values()];
  }
}

function testCase(name: string, found: FoundTest): TestCase {
  const { outcome, path = null, line = null, seconds = null, message = [] } = found;
  const isPlace = path !== null && path !== '';
  return {
    name,
    outcome,
    path: isPlace ? sanitizeName(path, { maxLength: NAME_UNITS }) : null,
    line: isPlace && line !== null && Number.isSafeInteger(line) && line > 0 ? line : null,
    durationNs: seconds === null || seconds > MOST_SECONDS ? null : Math.round(seconds * 1e9),
    message: outcome === 'failed' ? message.slice(0, MESSAGE_LINES).map(shown) : [],
  };
}

function shown(line: string): string {
  return sanitizeName(line.replaceAll('\t', '    ').trimEnd(), { maxLength: LINE_UNITS });
}
