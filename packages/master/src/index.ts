/** What `@buildbot/master` offers: the typed configuration, and a master to be embedded. */

export { checkStep } from './builds/steps/registry.ts';
export { defineMaster } from './config/define.ts';
export { findConfig } from './config/find.ts';
export { loadConfig } from './config/load.ts';
export { type MasterHandle, type MasterOptions, startMaster } from './main.ts';
