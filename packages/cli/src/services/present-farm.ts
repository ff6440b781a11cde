/** The farm in the same four faces: a screen, lines as builds come and go, NDJSON, or one object of how things stand. */

import { textOf } from '../ui/line.ts';
import { watchLines } from '../ui/watch-layout.ts';
import { factsOf } from '../view/facts.ts';
import { eventLine } from '../view/renderers/events.ts';
import { plainLines } from '../view/renderers/plain.ts';
import { ToldOnce } from '../view/renderers/told-once.ts';
import type { ViewState } from '../view/state.ts';
import { watchView } from '../view/watch-view.ts';
import type { FaceName } from './face.ts';
import type { Runtime } from './runtime.ts';
import type { ViewStore } from './view-store.ts';

export interface FarmPresentation {
  store: ViewStore;
  face: FaceName;
  /** Feeds the store until `ended` aborts. */
  following: Promise<void>;
  ended: AbortController;
}

/** Resolves when it is over. @throws what `following` throws */
export async function presentFarm(farm: FarmPresentation, runtime: Runtime): Promise<void> {
  farm.following.catch(() => {});
  if (farm.face === 'screen') return onScreen(farm, runtime);
  if (farm.face === 'json') return once(farm, runtime);
  return asLines(farm, runtime);
}

async function onScreen(
  { store, following, ended }: FarmPresentation,
  { stdout, stdin, clock, environment }: Runtime,
): Promise<void> {
  const { startWatchApp } = await import('../ui/watch-app.tsx');
  const end = startWatchApp(
    { stdout, stdin, allowsColour: environment.allowsColour },
    () => watchView(store.state, clock.now()),
    () => ended.abort(),
  );
  try {
    await following;
  } finally {
    await end();
  }
}

/** The first whole picture, then the end. */
async function once(
  { store, following, ended }: FarmPresentation,
  { stdout, clock }: Runtime,
): Promise<void> {
  store.subscribe((state) => {
    if (state.farm !== null) ended.abort();
  });
  await following;
  if (store.state.farm === null) return;
  stdout.write(
    `${JSON.stringify({ schema: 'buildbot.watch/1', ...watchView(store.state, clock.now()) }, null, 2)}\n`,
  );
}

/** How things stand as a table (but for NDJSON), then each fact as it comes. */
async function asLines(
  { store, face, following }: FarmPresentation,
  { stdout, clock }: Runtime,
): Promise<void> {
  const toldOnce = new ToldOnce();
  const write = (line: string) => void stdout.write(`${line}\n`);
  const isEvents = face === 'events';
  let isFirst = true;
  const update = (state: ViewState) => {
    if (state.farm === null) return;
    const facts = toldOnce.take(factsOf(state));
    if (isFirst && !isEvents) {
      const window = { columns: 200, rows: 10_000 };
      for (const line of watchLines(watchView(state, clock.now()), window).slice(0, -1))
        write(textOf(line).trimEnd());
    }
    // What had ended before somebody watched is no news.
    const news = isFirst ? facts.filter(({ type }) => isEvents && type === 'build_started') : facts;
    isFirst = false;
    for (const fact of news) for (const line of isEvents ? [eventLine(fact)] : plainLines(fact)) write(line);
  };
  store.subscribe(update);
  await following;
}
