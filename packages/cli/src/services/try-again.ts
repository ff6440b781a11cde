/** The same try as last time in this working copy, with the files as they are now; and what is kept of a try for that. */
import { sanitizeName, UserError } from '@buildbot/shared';
import type { LoadedSettings } from '../config/load-settings.ts';
import type { SettingValues } from '../config/settings.ts';
import { masterLink } from './connect.ts';
import {
  type LastTry,
  lastTryFile,
  masterOf,
  numberAt,
  rememberTry,
  settingsAgain,
  theLastTry,
} from './last-try.ts';
import type { Runtime } from './runtime.ts';
import type { ViewStore } from './view-store.ts';
import { whatFailed } from './what-failed.ts';

/** @throws UserError when there is no last try, or nothing of it has failed */
export async function asLastTime(
  again: 'all' | 'failed',
  { loaded, given }: { loaded: LoadedSettings; given: SettingValues },
  runtime: Runtime,
): Promise<LoadedSettings> {
  const last = await theLastTry(loaded, runtime);
  const settings = settingsAgain(loaded, given, last);
  if (again === 'all') return settings;
  const failed = await failedBuilders(loaded, numberAt(loaded, last), runtime);
  return { ...settings, builders: given.builders === undefined ? failed : both(failed, given.builders) };
}

async function failedBuilders(
  settings: LoadedSettings,
  buildSetId: number,
  runtime: Runtime,
): Promise<string[]> {
  const link = await masterLink(settings, runtime);
  try {
    return (await whatFailed(await link.open(), buildSetId)).map(({ builder }) => builder);
  } finally {
    link.close();
  }
}

/** An empty list would stand for all builders. */
function both(failed: readonly string[], wanted: readonly string[]): string[] {
  const builders = failed.filter((name) => wanted.includes(name));
  if (builders.length > 0) return builders;
  const names = failed.map((name) => sanitizeName(name)).join(', ');
  throw new UserError('none of the builders that are named has failed', { hint: `What failed: ${names}.` });
}

export interface Remembering {
  /** Resolves when all is written that is to be kept. */
  end(): Promise<void>;
}

/** Keeps what was sent as soon as it is taken, and again when it has a number. */
export function rememberTaken(
  { store, local }: { store: ViewStore; local: boolean },
  settings: LoadedSettings,
  runtime: Runtime,
): Remembering {
  const { builders, properties, comment = null } = settings;
  const master = local ? '--local' : masterOf(settings);
  const what = { master, builders, properties: { ...properties }, comment };
  let written = Promise.resolve();
  const keep = (last: LastTry) => {
    written = written.then(async () => {
      const file = await lastTryFile(settings, runtime);
      if (file !== null) await rememberTry(file, last);
    });
    // Whoever waits for the end hears of it.
    written.catch(() => {});
  };
  let seen = 0;
  const stop = store.subscribe(({ local: facts }) => {
    for (const fact of facts.slice(seen)) {
      if (fact.type === 'queued') keep({ buildSetId: fact.buildSetId, ...what });
      if (fact.type === 'kept') keep({ buildSetId: null, ...what });
    }
    seen = facts.length;
  });
  return {
    end: () => {
      stop();
      return written;
    },
  };
}
