/**
 * The names in the `schema` field of JSON on standard output of `buildbot`. The number grows when a field changes its
 * meaning or goes away; new fields and events may come without.
 */
export const TRY_SCHEMA = 'buildbot.try/1';
export const TRY_EVENT_SCHEMA = 'buildbot.try.event/1';
export const DRY_RUN_SCHEMA = 'buildbot.try.dryrun/1';
export const FARM_SCHEMA = 'buildbot.watch/1';
export const FARM_EVENT_SCHEMA = 'buildbot.watch.event/1';
export const BUILDERS_SCHEMA = 'buildbot.builders/1';
export const WORKERS_SCHEMA = 'buildbot.workers/1';
export const DONE_SCHEMA = 'buildbot.done/1';
