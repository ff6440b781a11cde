/** `watch --full`: what is drawn on the full screen, and what its keys bring about. */
import { sanitizeName } from '@buildbot/shared';
import type { ApiClient } from '../client/api-client.ts';
import { topLine } from '../ui/full/build-keys.ts';
import { buildRooms } from '../ui/full/build-lines.ts';
import { cursorIndex, settled } from '../ui/full/farm-keys.ts';
import type { FullApp } from '../ui/full/full-app.tsx';
import {
  FIRST_KEYS,
  type FullAction,
  type FullKeys,
  pressFullKey,
  type ShownBuild,
} from '../ui/full/full-keys.ts';
import { fullLines, listRoom } from '../ui/full/full-layout.ts';
import type { Line } from '../ui/line.ts';
import type { Window } from '../ui/try-layout.ts';
import { type FarmItem, farmItems, type ListWishes } from '../view/farm-items.ts';
import {
  type BuildView,
  buildView,
  type FullView,
  farmHead,
  listRows,
  stepThatMatters,
  whyLines,
} from '../view/full-view.ts';
import type { ViewState } from '../view/state.ts';
import type { ShownStore } from './chosen-store.ts';
import type { CurrentClient } from './current-client.ts';
import { forceBuilder } from './force-builder.ts';
import { OpenBuild } from './open-build.ts';
import { pageLog } from './pager.ts';
import type { Runtime } from './runtime.ts';
import { rebuild, stopBuild } from './steer.ts';

export interface FullWatchDeps {
  store: ShownStore;
  current: CurrentClient;
  runtime: Runtime;
  /** Another program has the terminal, and Ctrl-C is meant for it. */
  onAway: (isAway: boolean) => void;
}

/** Why the full screen was left by a key. */
export type FullEnd = 'quit' | 'inline';

export class FullWatch {
  readonly #deps: FullWatchDeps;
  readonly #left = Promise.withResolvers<FullEnd>();
  #keys: FullKeys = FIRST_KEYS;
  #window: Window = { columns: 80, rows: 24 };
  #open: OpenBuild | null = null;
  #message: string | null = null;
  #app: FullApp | null = null;
  #isOver = false;
  #listed: { state: ViewState; wishes: ListWishes; items: readonly FarmItem[] } | null = null;

  constructor(deps: FullWatchDeps) {
    this.#deps = deps;
  }

  /** Draws until a key leaves it or `over` resolves; `over` gives null. */
  async run(over: Promise<unknown>): Promise<FullEnd | null> {
    const { store, runtime } = this.#deps;
    const stopLooking = store.subscribe(() => this.#app?.changed(true));
    const stopListening = runtime.onSuspend(() => void this.#away(() => runtime.suspend()));
    await this.#show();
    await runtime.terminal.draw({ hide: () => this.#hide(), show: () => void this.#show() });
    try {
      return await Promise.race([this.#left.promise, over.then(() => null)]);
    } finally {
      this.#isOver = true;
      stopLooking();
      stopListening();
      this.#open?.close();
      await runtime.terminal.draw(null);
      await this.#hide();
    }
  }

  /** Not after the end, which may come while another program has the terminal. */
  async #show(): Promise<void> {
    const { startFullApp } = await import('../ui/full/full-app.tsx');
    const { stdout, stdin, environment } = this.#deps.runtime;
    const drawing = {
      draw: (window: Window) => this.#draw(window),
      onKey: (input: string) => this.#press(input),
    };
    if (!this.#isOver)
      this.#app ??= startFullApp({ stdout, stdin, allowsColour: environment.allowsColour, ...drawing });
  }

  async #hide(): Promise<void> {
    const app = this.#app;
    this.#app = null;
    await app?.end();
  }

  /** Gives the terminal to somebody else for a while. */
  async #away(meanwhile: () => Promise<void>): Promise<void> {
    if (this.#app === null) return;
    await this.#hide();
    this.#deps.runtime.stdin.pause();
    this.#deps.onAway(true);
    try {
      await meanwhile();
    } finally {
      this.#deps.onAway(false);
      await this.#show();
    }
  }

  #press(input: string): void {
    const items = this.#items();
    const build = this.#shownBuild();
    const room = build === null ? listRoom(this.#window) : this.#logRoom();
    const { keys, action } = pressFullKey(this.#keys, input, { items, room, build });
    this.#keys = keys;
    this.#message = null;
    if (action !== null) this.#act(action);
  }

  #act(action: FullAction): void {
    switch (action.type) {
      case 'quit':
      case 'inline':
        this.#left.resolve(action.type);
        return;
      case 'suspend':
        void this.#away(() => this.#deps.runtime.suspend());
        return;
      case 'open':
        this.#open = new OpenBuild(action.buildId, {
          ...this.#deps,
          clock: this.#deps.runtime.clock,
          onChange: () => this.#app?.changed(),
        });
        return;
      case 'close':
        this.#open?.close();
        this.#open = null;
        return;
      case 'pager':
        this.#order((client) => this.#page(client));
        return;
      case 'stop':
        this.#order((client) => stopBuild(client, { buildId: action.buildId }, 'stopped from watch'));
        return;
      case 'rebuild':
        this.#order(
          async (client) => `rebuilt as try #${await rebuild(client, { buildId: action.buildId })}`,
        );
        return;
      case 'force':
        this.#order((client) => forceBuilder(client, action.builderId));
        return;
    }
  }

  /** What came of it is said below. */
  #order(order: (client: ApiClient) => Promise<string | null>): void {
    const { client } = this.#deps.current;
    const done = client === null ? Promise.resolve('there is no link yet') : order(client);
    void done
      .catch((error: unknown) => sanitizeName(error instanceof Error ? error.message : String(error)))
      .then((message) => {
        this.#message = message;
        this.#app?.changed();
      });
  }

  async #page(client: ApiClient): Promise<string | null> {
    const log = this.#open?.log?.resource ?? null;
    if (log === null) return 'there is no log yet';
    let failed: unknown = null;
    await this.#away(() =>
      pageLog(client, log.logid, this.#deps.runtime.environment).catch((error: unknown) => {
        failed = error;
      }),
    );
    if (failed !== null) throw failed;
    return null;
  }

  /** Listed anew only when something has changed. */
  #items(): readonly FarmItem[] {
    const { state } = this.#deps.store;
    const { wishes } = this.#keys;
    if (this.#listed?.state !== state || this.#listed.wishes !== wishes)
      this.#listed = { state, wishes, items: farmItems(state, wishes) };
    return this.#listed.items;
  }

  #draw(window: Window): readonly Line[] {
    this.#window = window;
    const { store, runtime } = this.#deps;
    const now = runtime.clock.now();
    const items = this.#items();
    const room = listRoom(window);
    if (this.#keys.buildId === null) this.#keys = settled(this.#keys, items, room);
    const keys = this.#keys;
    const build = this.#buildView(now);
    const view: FullView = {
      head: farmHead(store.state, now),
      rows: build === null ? listRows(store.state, items.slice(keys.top, keys.top + room), now) : [],
      build,
      why: keys.panel === 'why' ? whyLines(store.state, items[cursorIndex(keys, items)]) : [],
      message: this.#message,
    };
    return fullLines(view, keys, window);
  }

  #logRoom(): number {
    return buildRooms(this.#window, this.#open?.steps.length ?? 0).log;
  }

  #shownBuild(): ShownBuild | null {
    const open = this.#open;
    if (open === null) return null;
    const { log } = open;
    const find = (text: string, from: number, direction: 1 | -1) =>
      log?.window.find(text, from, direction) ?? null;
    return {
      buildId: open.buildId,
      isRunning: open.build?.complete === false,
      stepIds: open.steps.map(({ stepid }) => stepid),
      stepId: log?.stepId ?? null,
      log: log === null ? null : { first: log.window.first, end: log.window.end, find },
    };
  }

  #buildView(now: number): BuildView | null {
    const open = this.#open;
    if (open?.build == null) return null;
    const { build, steps } = open;
    const stepId = this.#keys.stepId ?? stepThatMatters(steps);
    if (stepId !== null) open.show(stepId);
    const { log } = open;
    const room = this.#logRoom();
    const look = log && {
      ...{ stepId: log.stepId, name: log.resource?.name ?? null, trouble: log.trouble },
      ...{ window: log.window, top: topLine(this.#keys, log.window, room), room },
    };
    return buildView(this.#deps.store.state, { build, steps, log: look }, now);
  }
}
