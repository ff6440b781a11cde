/** The farm in the same four faces: a screen, lines as builds come and go, NDJSON, or one object of how things stand. */
import { FARM_SCHEMA, type Farm } from '@buildbot/shared';
import { textOf } from '../ui/line.ts';
import { watchLines } from '../ui/watch-layout.ts';
import { FarmReporter } from '../view/farm-news.ts';
import { spokenFarm, spokenNews } from '../view/renderers/accessible.ts';
import { farmEventLine, farmNewsLines } from '../view/renderers/farm.ts';
import type { ViewState } from '../view/state.ts';
import { EXIT } from '../view/verdict.ts';
import { watchView } from '../view/watch-view.ts';
import type { ShownStore } from './chosen-store.ts';
import type { CurrentClient } from './current-client.ts';
import type { FaceName } from './face.ts';
import type { Runtime } from './runtime.ts';
import type { LinkEnd } from './stay-linked.ts';

export interface FarmPresentation {
  store: ShownStore;
  face: FaceName;
  /** Whether a screen begins as a full one. */
  isFull: boolean;
  current: CurrentClient;
  onAway: (isAway: boolean) => void;
  /** Feeds the store until `ended` aborts. */
  following: Promise<LinkEnd>;
  ended: AbortController;
  /** One object is printed at the end, not of the first picture. */
  waits: boolean;
}

/** Resolves when it is over. @throws what `following` throws */
export async function presentFarm(farm: FarmPresentation, runtime: Runtime): Promise<void> {
  farm.following.catch(() => {});
  if (farm.face === 'screen') return onScreen(farm, runtime);
  if (farm.face === 'json') return once(farm, runtime);
  return asLines(farm, runtime);
}

/** Inline or full, as often as somebody changes their mind. */
async function onScreen(farm: FarmPresentation, runtime: Runtime): Promise<void> {
  const over = farm.following.catch(() => {});
  for (let isFull = farm.isFull; !farm.ended.signal.aborted; isFull = !isFull) {
    const end = isFull ? await full(farm, runtime, over) : await inline(farm, runtime, over);
    if (end === 'other') continue;
    farm.ended.abort();
    if (isFull) runtime.stdout.write(lastPicture(farm, runtime));
    break;
  }
  await farm.following;
}

type ScreenEnd = 'over' | 'other';

async function full(
  { store, current, onAway }: FarmPresentation,
  runtime: Runtime,
  over: Promise<unknown>,
): Promise<ScreenEnd> {
  const { FullWatch } = await import('./full-watch.ts');
  const end = await new FullWatch({ store, current, runtime, onAway }).run(over);
  return end === 'inline' ? 'other' : 'over';
}

async function inline(
  { store }: FarmPresentation,
  { stdout, stdin, clock, environment }: Runtime,
  over: Promise<unknown>,
): Promise<ScreenEnd> {
  const { startWatchApp } = await import('../ui/watch-app.tsx');
  const pressed = Promise.withResolvers<ScreenEnd>();
  const end = startWatchApp(
    { stdout, stdin, allowsColour: environment.allowsColour },
    () => watchView(store.state, clock.now()),
    () => pressed.resolve('over'),
    () => pressed.resolve('other'),
  );
  try {
    return await Promise.race([pressed.promise, over.then((): ScreenEnd => 'over')]);
  } finally {
    await end();
  }
}

/** The full screen leaves nothing behind: how things stood in the end is told below. */
function lastPicture({ store }: FarmPresentation, { stdout, clock }: Runtime): string {
  const window = { columns: stdout.columns ?? 80, rows: stdout.rows ?? 24 };
  const lines = watchLines(watchView(store.state, clock.now()), window, false);
  return lines.map((line) => `${textOf(line).trimEnd()}\n`).join('');
}

/** The first whole picture, or the last one. */
async function once(
  { store, following, ended, waits }: FarmPresentation,
  { stdout, clock }: Runtime,
): Promise<void> {
  store.subscribe((state) => {
    if (state.farm !== null && !waits) ended.abort();
  });
  await following;
  if (store.state.farm === null) return;
  stdout.write(
    `${JSON.stringify({ schema: FARM_SCHEMA, ...watchView(store.state, clock.now()) }, null, 2)}\n`,
  );
}

/** How things stand as a table (but for NDJSON), then what is new as it comes. */
async function asLines(
  { store, face, following, ended, waits }: FarmPresentation,
  { stdout, clock, environment }: Runtime,
): Promise<void> {
  const { isAccessible } = environment;
  const reporter = new FarmReporter();
  const write = (line: string) => void stdout.write(`${line}\n`);
  const isEvents = face === 'events';
  let isFirst = true;
  const update = (state: ViewState) => {
    const news = reporter.take(state, clock.now());
    if (state.farm === null) return;
    if (isEvents) for (const one of news) write(farmEventLine(one));
    else if (isFirst) for (const line of firstLines(watchView(state, clock.now()), isAccessible)) write(line);
    else for (const line of news.flatMap(isAccessible ? spokenNews : farmNewsLines)) write(line);
    isFirst = false;
  };
  store.subscribe(update);
  await following;
  const exitCode = exitCodeOfFarm(ended.signal, waits);
  if (isEvents) write(farmEventLine({ key: 'end', type: 'finished', at: clock.now(), exitCode, text: '' }));
}

function firstLines(farm: Farm, isAccessible: boolean): string[] {
  if (isAccessible) return spokenFarm(farm);
  const window = { columns: 200, rows: 10_000 };
  return watchLines(farm, window)
    .slice(0, -1)
    .map((line) => textOf(line).trimEnd());
}

/** Of a farm nobody watches any longer. Who waited for something and ended it before has not got it. */
export function exitCodeOfFarm({ reason }: AbortSignal, waits = false): number {
  if (reason === 'timeout') return EXIT.timedOut;
  return waits && reason !== 'met' ? EXIT.interrupted : EXIT.passed;
}
