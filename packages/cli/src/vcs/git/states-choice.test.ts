/** The index, the choice of what is sent, settings and attributes: see `states.contract.ts`. */

import { indexStates } from '../../../../../test/support/working-copies/index-states.ts';
import { settingsStates } from '../../../../../test/support/working-copies/settings-states.ts';
import { testStates } from './states.contract.ts';

testStates([...indexStates, ...settingsStates]);
