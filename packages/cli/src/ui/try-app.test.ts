import { describe, expect, it } from 'vitest';
import { factsOf } from '../view/facts.ts';
import type { ViewMessage } from '../view/messages.ts';
import { reduce } from '../view/reduce.ts';
import { EMPTY_STATE, type ViewState } from '../view/state.ts';
import { build, builder, estimate, request, step, summary, T0 } from '../view/testing/resources.ts';
import { STORY } from '../view/testing/story.ts';
import { tryView } from '../view/try-view.ts';
import { testTerminal, until } from './testing/terminal.ts';
import { startTryApp } from './try-app.tsx';

function world(columns: number, rows: number) {
  const terminal = testTerminal(columns, rows);
  const actions: string[] = [];
  let state: ViewState = EMPTY_STATE;
  const look = () => ({ view: tryView(state, T0 + 20_000), facts: factsOf(state) });
  const app = startTryApp(
    {
      stdout: terminal.stdout,
      stdin: terminal.stdin,
      allowsColour: terminal.allowsColour,
      now: () => T0 + 20_000,
      onAction: (action) => actions.push(action),
    },
    look,
  );
  const shows = (text: string) =>
    until(async () => (await terminal.screen()).join('\n').includes(text), terminal.bytes);
  return {
    app,
    terminal,
    actions,
    shows,
    tell: (message: ViewMessage) => {
      state = reduce(state, message);
    },
    end: () => app.end(look()),
  };
}

/** A try on `count` builders, each in its step with a tail. */
function manyBuilders(count: number): ViewMessage[] {
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  return [
    {
      type: 'summary',
      summary: summary({
        buildrequests: ids.map((id) =>
          request({ buildrequestid: id, builderid: id, claimed: true, waiting_reason: null }),
        ),
        builders: ids.map((id) => builder({ builderid: id, name: `builder-${id}` })),
        builds: ids.map((id) => build({ buildid: id, buildrequestid: id, builderid: id })),
        steps: ids.map((id) => step({ stepid: id, buildid: id, name: 'compile everything' })),
        estimates: ids.map((id) =>
          estimate({
            builderid: id,
            steps: [{ name: 'compile everything', low: 50_000, middle: 60_000, high: 80_000 }],
          }),
        ),
      }),
    },
    ...ids.map(
      (id): ViewMessage => ({
        type: 'tail',
        stepId: id,
        lines: [`cc file-${id}.c ${'x'.repeat(300)}`, 'linking'],
      }),
    ),
  ];
}

describe.each([40, 80, 120])('the screen of a try at %i columns', (columns) => {
  it('keeps facts in the scrollback, clears nothing and leaves only facts behind', async () => {
    const { terminal, tell, shows, end } = world(columns, 24);
    for (const message of STORY.slice(0, 8)) tell(message);
    await shows('try #7');
    for (const message of STORY.slice(8)) tell(message);
    await end();
    const rows = (await terminal.everything()).join('\n');
    expect(rows).toContain('expected 3, got 2');
    expect(rows).toContain('try #7 failed in 30s');
    expect(rows).not.toContain('enter log');
    expect(terminal.bytes()).not.toMatch(/\u001b\[[23]J/);
  });

  it('never draws more than 12 lines for the live block, nor a line wider than the window', async () => {
    const { terminal, tell, shows, end } = world(columns, 30);
    for (const message of manyBuilders(30)) tell(message);
    await shows('more');
    const rows = (await terminal.screen()).filter((row) => row !== '');
    expect(rows.slice(rows.findIndex((row) => row.includes('try #7'))).length).toBeLessThanOrEqual(12);
    await end();
    expect(terminal.bytes()).not.toMatch(/\u001b\[[23]J/);
  });
});

describe('the screen of a try', () => {
  it.each([2, 3, 5, 8])('stays below the height of a window of %i rows', async (rows) => {
    const { terminal, tell, shows, end } = world(80, rows);
    tell({
      type: 'preparation',
      preparation: { snapshot: 'running', link: 'running', target: 'ci', startedAt: T0 },
    });
    await shows('connecting to ci');
    for (const message of manyBuilders(6).slice(0, 1)) tell(message);
    await shows('try #7');
    expect(terminal.bytes()).not.toMatch(/\u001b\[[23]J/);
    await end();
  });

  it('fits itself to a resized window', async () => {
    const { terminal, tell, shows, end } = world(120, 30);
    for (const message of manyBuilders(8)) tell(message);
    await shows('builder-8');
    terminal.resize(50, 6);
    await shows('… and');
    expect((await terminal.screen()).every((row) => row.length <= 50)).toBe(true);
    await end();
  });

  it('shows an estimate with its range and what it stands on', async () => {
    const { tell, shows, end } = world(120, 24);
    for (const message of manyBuilders(1)) tell(message);
    await shows('~40s left (30s–1m00s, 12 past builds)');
    await end();
  });

  it('says that there is no estimate yet', async () => {
    const { tell, shows, end } = world(120, 24);
    tell({ type: 'summary', summary: summary({ builds: [build()], steps: [step()] }) });
    await shows('no estimate yet');
    await end();
  });

  it('detaches on d, and stops only after a yes', async () => {
    const { terminal, actions, tell, shows, end } = world(100, 24);
    for (const message of manyBuilders(2)) tell(message);
    await shows('x stop');
    terminal.type('x');
    await shows('stop 2 builds?');
    terminal.type('n');
    await shows('x stop');
    terminal.type('x');
    await shows('stop 2 builds?');
    terminal.type('y');
    await until(() => actions.length > 0, terminal.bytes);
    terminal.type('d');
    await until(() => actions.length > 1, terminal.bytes);
    terminal.type('\u0003');
    await until(() => actions.length > 2, terminal.bytes);
    expect(actions).toEqual(['stop', 'detach', 'interrupt']);
    await end();
  });

  it('gives the log the room when asked', async () => {
    const { terminal, tell, shows, end } = world(100, 24);
    for (const message of manyBuilders(3)) tell(message);
    tell({ type: 'tail', stepId: 1, lines: Array.from({ length: 10 }, (_, index) => `line ${index}`) });
    await shows('enter log');
    terminal.type('\r');
    await shows('line 2');
    await shows('enter less log');
    await end();
  });

  it.each(['no', ''])('leaves a question and its answer %j standing', async (answer) => {
    const { app, terminal, tell, shows, end } = world(80, 20);
    const preparation = { snapshot: 'running', link: 'running', target: 'ci', startedAt: T0 } as const;
    tell({ type: 'preparation', preparation });
    await shows('connecting to ci');
    await app.hide();
    terminal.stdout.write(`Its key is SHA256:x\nTrust it (yes/no)? ${answer}\n`);
    app.show();
    await shows('connecting to ci');
    await end();
    const rows = (await terminal.everything()).map((row) => row.trimEnd());
    expect(rows.filter((row) => row !== '')).toEqual([
      'Its key is SHA256:x',
      `Trust it (yes/no)? ${answer}`.trimEnd(),
    ]);
  });
});
