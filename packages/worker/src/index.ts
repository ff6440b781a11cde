/** What `@buildbot/worker` offers to those who embed a worker or keep its folder. */

export type { WorkerClock } from './clock.ts';
export type { WorkerLog } from './log.ts';
export { masterUrls } from './session/master-url.ts';
export type { SessionState } from './session/session.ts';
export { DEFAULT_SPOOL_BYTES, startWorker, type WorkerHandle, type WorkerOptions } from './start-worker.ts';
