/**
 * The working copies that people have: over a hundred named states, each made with real git below an empty folder. The
 * snapshot's own tests use them with `git apply`, the end-to-end tests with a real master and worker.
 */

import { contentStates } from './working-copies/content-states.ts';
import { historyStates } from './working-copies/history-states.ts';
import { indexStates } from './working-copies/index-states.ts';
import { nameStates } from './working-copies/name-states.ts';
import { settingsStates } from './working-copies/settings-states.ts';
import type { WorkingCopyState } from './working-copies/state.ts';
import { submoduleStates } from './working-copies/submodule-states.ts';

export { sceneEnvironment } from './working-copies/scene.ts';
export type { StateOptions, WorkingCopyState } from './working-copies/state.ts';

export const workingCopyStates: readonly WorkingCopyState[] = [
  ...contentStates,
  ...nameStates,
  ...indexStates,
  ...historyStates,
  ...settingsStates,
  ...submoduleStates,
];
