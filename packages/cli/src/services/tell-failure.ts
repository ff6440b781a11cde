/**
 * The last word of `--json` and `--events` when a command fails: scripts get their one object, or a `finished` event,
 * at every end. People read the same on stderr, which is the business of whoever runs the command.
 */
import { DRY_RUN_SCHEMA, FARM_SCHEMA } from '@buildbot/shared';
import type { Failure } from '../failure.ts';
import { factsOf } from '../view/facts.ts';
import { eventLine } from '../view/renderers/events.ts';
import { farmEventLine } from '../view/renderers/farm.ts';
import { finalObject } from '../view/renderers/json.ts';
import type { ViewState } from '../view/state.ts';
import { tryView } from '../view/try-view.ts';

export type MachineForm = 'json' | 'events';

/** Whether nothing was to be sent, even where the flags cannot be parsed. */
export function isDryRunOf(argv: readonly string[]): boolean {
  const flags = beforeDashes(argv);
  return flags.includes('--dryrun') || flags.includes('-n');
}

/** What was asked for, even where the flags cannot be parsed. Null for people. */
export function machineFormOf(argv: readonly string[]): MachineForm | null {
  const flags = beforeDashes(argv);
  if (flags.includes('--json')) return 'json';
  return flags.includes('--events') ? 'events' : null;
}

function beforeDashes(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--');
  return end < 0 ? argv : argv.slice(0, end);
}

/** The text that ends a failed try for scripts, without its line end. `state` is what was known by then. */
export function failedTryText(form: MachineForm, state: ViewState, failure: Failure, now: number): string {
  const { exitCode, message, hint } = failure;
  const error = { message, hint };
  const finished = { key: 'failed', type: 'finished', at: now, exitCode, text: message, error } as const;
  if (form === 'events') return eventLine(finished);
  const object = finalObject(tryView(state, now), [...factsOf(state), finished], exitCode);
  return JSON.stringify({ ...object, error }, null, 2);
}

/** The same for `try --dryrun`, which has no events: one object, indented or in one line as it would have been. */
export function failedDryRunText(form: MachineForm, { exitCode, message, hint }: Failure): string {
  const object = { schema: DRY_RUN_SCHEMA, exitCode, error: { message, hint } };
  return JSON.stringify(object, null, form === 'json' ? 2 : 0);
}

/** The same for `watch` of the whole farm, in its own schemas. */
export function failedFarmText(form: MachineForm, { exitCode, message, hint }: Failure, now: number): string {
  const error = { message, hint };
  if (form === 'json') return JSON.stringify({ schema: FARM_SCHEMA, exitCode, error }, null, 2);
  return farmEventLine({ key: 'failed', type: 'finished', at: now, exitCode, text: message, error });
}
