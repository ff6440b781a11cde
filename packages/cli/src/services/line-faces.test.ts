import { describe, expect, it } from 'vitest';
import type { ViewMessage } from '../view/messages.ts';
import { reduce } from '../view/reduce.ts';
import { EMPTY_STATE, type ViewState } from '../view/state.ts';
import { estimate, summary, T0 } from '../view/testing/resources.ts';
import { STORY } from '../view/testing/story.ts';
import type { Face } from './face.ts';
import { eventsFace, jsonFace, plainFace, quietFace, type WriteLine } from './line-faces.ts';

const SECOND = 1000;
/** The story with what past builds say, which a master tells in its summary. */
const ESTIMATED: readonly ViewMessage[] = STORY.map((message) =>
  message.type === 'summary'
    ? { ...message, summary: { ...message.summary, estimates: [estimate()] } }
    : message,
);

/** Shows a story, one second for each message, and gives its lines. */
async function shown(
  faceOf: (write: WriteLine, now: () => number) => Face,
  story: readonly ViewMessage[] = ESTIMATED,
): Promise<string[]> {
  const lines: string[] = [];
  let now = T0;
  let state: ViewState = EMPTY_STATE;
  const face = faceOf(
    (line) => lines.push(line),
    () => now,
  );
  for (const message of story) {
    now += SECOND;
    state = reduce(state, message);
    face.update(state);
  }
  await face.end(state, 1);
  return lines;
}

type Told = Record<string, unknown> & { event: string };

const eventsOf = async (story?: readonly ViewMessage[]): Promise<Told[]> =>
  (await shown(eventsFace, story)).map((line) => JSON.parse(line));

describe('the face of --events', () => {
  it('tells the time left as soon as it is known and after whatever changes it, of each build and in all', async () => {
    const told = await eventsOf();
    const estimates = told.filter(({ event }) => event === 'estimate');
    expect(estimates[0]).toMatchObject({
      schema: 'buildbot.try.event/1',
      left: { low: 50_000, middle: 60_000, high: 80_000 },
      samples: 12,
      builds: [{ builder: 'linux', requestId: 11, buildId: null, samples: 12 }],
    });
    expect(estimates.at(-1)).toMatchObject({ builds: [{ buildId: 100 }] });
    const before = told.findIndex(({ event }) => event === 'build_started');
    expect(told[before]).toMatchObject({ left: { middle: expect.any(Number) }, samples: 12 });
    expect(told[before + 1]?.event).toBe('estimate');
    expect(told.at(-1)?.event).toBe('finished');
  });

  it('says that there is no estimate with a null', async () => {
    const [first] = (await eventsOf(STORY)).filter(({ event }) => event === 'estimate');
    expect(first).toMatchObject({ left: null, samples: 0, builds: [{ left: null }] });
  });

  it('has whole numbers only', async () => {
    const odd = { low: 1.5, middle: 2.25, high: 3.125 };
    const profile = estimate({ total: odd, steps: [{ name: 'test', ...odd }] });
    const story = STORY.map((message) =>
      message.type === 'summary' ? { ...message, summary: summary({ estimates: [profile] }) } : message,
    );
    expect((await shown(eventsFace, story)).join()).not.toMatch(/:-?\d+\.\d/);
    expect((await shown(jsonFace, story)).join()).not.toMatch(/: -?\d+\.\d/);
  });
});

it('the face of --json gives each build and the whole its estimate beside what it took', async () => {
  const [text = ''] = await shown(jsonFace);
  const range = { low: 50_000, middle: 60_000, high: 80_000 };
  expect(JSON.parse(text)).toMatchObject({
    left: null,
    estimate: range,
    samples: 12,
    builds: [{ durationMs: 30_000, left: null, estimate: range, samples: 12 }],
  });
});

it('the plain face says with each start how long it will take', async () => {
  expect((await shown(plainFace)).find((line) => line.includes(' started '))).toMatch(
    /^▶ linux\/5 started on w1 \(build 100\) · ~\d+.* left \(.*12 past builds\)$/,
  );
});

it('the quiet face says how it ended, and why', async () => {
  const lines = await shown(quietFace);
  expect(lines.join('\n')).not.toContain('started');
  expect(lines.at(-1)).toContain('failed');
  expect(lines.join('\n')).toContain('expected 3, got 2');
});
