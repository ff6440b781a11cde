/** `buildbot try` between flags and `runTry`: settings, what is to be done, where to, and how it is shown. */
import { sanitizeName } from '@buildbot/shared';
import { type LoadedSettings, loadSettings } from '../config/load-settings.ts';
import { withPreset } from '../config/presets.ts';
import type { SettingValues } from '../config/settings.ts';
import type { KeyAction } from '../ui/try-keys.ts';
import { connectionWords } from './connect.ts';
import type { Intents } from './intents.ts';
import { faceFor, logTeller, present } from './present-try.ts';
import type { Runtime } from './runtime.ts';
import type { Submitter } from './submit.ts';
import { runTry } from './try.ts';
import { newJobId, tryJobOf } from './try-job.ts';
import { readTrySource, refuseChoiceOfDiff, type TrySourceWishes } from './try-source.ts';
import type { ViewStore } from './view-store.ts';

export interface TryCommandInput {
  given: SettingValues;
  /** Of `--property`. */
  properties: Readonly<Record<string, string>>;
  source: Omit<TrySourceWishes, 'historyFrom'>;
  dryRun: boolean;
  builderNames: boolean;
  local: boolean;
  json: boolean;
  events: boolean;
  /** All of the logs. */
  follow: boolean;
  /** What fails without the change, too, counts for nothing. */
  newOnly?: boolean;
  /** The builders and properties of the last try here (`all`), or of its builders those that failed. */
  again?: 'all' | 'failed' | undefined;
  /** Name of builders and properties that a file keeps. */
  preset?: string | undefined;
  /** False: no questions, even at a terminal. */
  asks: boolean;
  version: string;
  /** Empty; holds in the end what there was to show. */
  store: ViewStore;
}

/** Gives the exit code. */
export async function tryCommand(input: TryCommandInput, process: Runtime): Promise<number> {
  refuseChoiceOfDiff(input.source, input.given.untracked);
  const isInteractive = process.isInteractive && input.asks && input.source.diff !== '-';
  const runtime = { ...process, isInteractive };
  const given = { ...input.given, properties: { ...input.given.properties, ...input.properties } };
  const loaded = await loadSettings(given, runtime.environment, runtime.cwd);
  for (const note of loaded.notes) runtime.stderr.write(`${sanitizeName(note)}\n`);
  const wishes: TrySourceWishes = { ...input.source, historyFrom: input.local ? 'here' : 'remotes' };
  if (input.builderNames) return printBuilderNames(loaded, runtime);
  const settings = await settingsFor(input, { loaded, given }, runtime);
  if (input.dryRun) return dryRun(input, settings, wishes, runtime);
  return submitAndShow(input, { settings, wishes }, runtime);
}

async function settingsFor(
  { again, preset }: TryCommandInput,
  { loaded, given }: { loaded: LoadedSettings; given: SettingValues },
  runtime: Runtime,
): Promise<LoadedSettings> {
  if (preset !== undefined) return withPreset(loaded, given, preset);
  if (again === undefined) return loaded;
  const { asLastTime } = await import('./try-again.ts');
  return asLastTime(again, { loaded, given }, runtime);
}

async function printBuilderNames(settings: LoadedSettings, runtime: Runtime): Promise<number> {
  const [{ masterLink }, { listBuilderNames }, { rememberBuilders }] = await Promise.all([
    import('./connect.ts'),
    import('./list-farm.ts'),
    import('./builder-cache.ts'),
  ]);
  const link = await masterLink(settings, runtime);
  try {
    const names = await listBuilderNames(await link.open());
    await rememberBuilders(runtime.environment.cacheDir, names);
    runtime.stdout.write(names.map((name) => `${sanitizeName(name, { maxLength: 200 })}\n`).join(''));
    return 0;
  } finally {
    link.close();
  }
}

async function dryRun(
  input: TryCommandInput,
  settings: LoadedSettings,
  wishes: TrySourceWishes,
  runtime: Runtime,
): Promise<number> {
  const { dryRunLines, dryRunOf } = await import('./dry-run.ts');
  const source = await readTrySource(wishes, settings, runtime, new AbortController().signal);
  const run = dryRunOf(
    source,
    tryJobOf(source, settings, newJobId(runtime.clock.now(), runtime.random), input.version),
  );
  const isJson = input.json || input.events;
  runtime.stdout.write(
    isJson
      ? `${JSON.stringify(run, null, input.json ? 2 : 0)}\n`
      : dryRunLines(run)
          .map((line) => `${line}\n`)
          .join(''),
  );
  return 0;
}

interface Prepared {
  settings: LoadedSettings;
  wishes: TrySourceWishes;
}

async function submitAndShow(
  input: TryCommandInput,
  { settings, wishes }: Prepared,
  runtime: Runtime,
): Promise<number> {
  const { store, json, events, follow } = input;
  const words = input.local ? ['--local'] : connectionWords(input.given);
  store.dispatch({ type: 'connection', words, isLocal: input.local });
  const submitter = await submitterFor(input, settings, runtime);
  const face = faceFor({ json, events, follow, quiet: settings.quiet }, runtime);
  let intents: Intents | undefined;
  const onAction = (action: NonNullable<KeyAction>) => intents?.[action]();
  const firstLine = `⠋ connecting to ${sanitizeName(submitter.name)} · taking a snapshot of the working copy`;
  const work = () =>
    runTry(
      {
        settings,
        submitter,
        store,
        version: input.version,
        readSource: (signal) => readTrySource(wishes, settings, runtime, signal),
        attachCommand: ['buildbot', 'watch', ...connectionWords(input.given)],
        tails: face === 'screen',
        logs: follow ? { from: new Map(), tell: logTeller(face, store, runtime) } : undefined,
        canDetach: !input.local,
        newOnly: input.newOnly ?? false,
        onIntents: (made) => {
          intents = made;
        },
      },
      runtime,
    );
  const { rememberTaken } = await import('./try-again.ts');
  const remembered = input.source.diff === undefined ? rememberTaken(input, settings, runtime) : null;
  try {
    return await present({ store, face, follow, firstLine, onAction }, runtime, work);
  } finally {
    await remembered?.end();
  }
}

async function submitterFor(
  input: TryCommandInput,
  settings: LoadedSettings,
  runtime: Runtime,
): Promise<Submitter> {
  if (input.local) {
    const { localInputOf, localSubmitter } = await import('../local.ts');
    return localSubmitter(localInputOf(settings), runtime);
  }
  const [{ sshLink }, { addressLink }, { sshSubmitter }] = await Promise.all([
    import('./connect.ts'),
    import('./master-link.ts'),
    import('./submit.ts'),
  ]);
  const ssh = await sshLink(settings, runtime);
  const { heartbeatMs } = runtime.environment;
  return sshSubmitter(
    ssh,
    settings.api === undefined ? ssh : addressLink(settings.api, { ...settings, heartbeatMs }),
    runtime,
  );
}
