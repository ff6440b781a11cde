/** Branches, remotes, histories and submodules: see `states.contract.ts`. */

import { historyStates } from '../../../../../test/support/working-copies/history-states.ts';
import { submoduleStates } from '../../../../../test/support/working-copies/submodule-states.ts';
import { testStates } from './states.contract.ts';

testStates([...historyStates, ...submoduleStates]);
