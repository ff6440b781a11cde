/** Whose failure it is, in lines for people: a headline for each failed test, below it what the test itself said. */
import type { Mark, StepFailure } from '@buildbot/shared';

/** Tests that are named; the others are counted. */
const MOST_TESTS = 10;
/** Lines of what tests said, of a step in all. */
const MOST_LINES = 20;

const WORDS: Readonly<Record<Mark, string>> = {
  new: 'NEW',
  'also-on-base': 'ALSO ON BASE',
  flaky: 'FLAKY',
  unknown: 'UNKNOWN',
};

/** `where` names the step: `linux/12 › test`. */
export function failureLines(where: string, failure: StepFailure): string[] {
  if (failure.tests.length === 0) return stepLine(where, failure);
  const shown = failure.tests.slice(0, MOST_TESTS);
  let room = MOST_LINES;
  const lines = shown.flatMap((test) => {
    const { headline, rest } = testLines(where, test);
    const said = rest.slice(0, room);
    room -= said.length;
    return [headline, ...said];
  });
  return [...lines, ...moreLine(failure, shown)];
}

/** Of one that is new or not by its results alone there is more to say than that nothing is known. */
function stepLine(where: string, { mark, path, line }: StepFailure): string[] {
  if (mark === null || (mark === 'unknown' && path === null)) return [];
  return [`✗ ${where}  ${WORDS[mark]}${path === null ? '' : `  ${placeText(path, line)}`}`];
}

function testLines(where: string, { name, mark, path, line, message }: StepFailure['tests'][number]) {
  const [first = '', ...others] = message;
  const place = path === null ? '' : placeText(path, line);
  const said = first.trim().startsWith(place) ? first.trim() : `${place}: ${first.trim()}`;
  const why = said.replace(/: $/, '');
  return {
    headline: `✗ ${where} › ${name}  ${WORDS[mark]}${why === '' ? '' : `  ${why}`}`,
    rest: others.map((text) => `    │ ${text}`),
  };
}

function placeText(path: string, line: number | null): string {
  return line === null ? path : `${path}:${line}`;
}

function moreLine({ testsFailed, marks }: StepFailure, shown: StepFailure['tests']): string[] {
  if (testsFailed <= shown.length) return [];
  const counts = Object.entries(marks)
    .filter(([, count]) => count > 0)
    .map(([mark, count]) => `${count} ${WORDS[mark as Mark]}`);
  return [`  … and ${testsFailed - shown.length} more failed tests (in all ${counts.join(', ')})`];
}
